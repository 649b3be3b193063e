import pytest

from components.failures import Findings, InputError
from components.layout import Layout

NAMES = ["stem.weight", "blocks.0.w", "blocks.1.w", "norm.weight", "head.weight"]
PARTS = {"stem": r"stem\.", "blocks": r"blocks\.(\d+)\.", "norm": r"norm\.", "head": r"head\."}


def test_every_tensor_gets_its_part():
    parts = Layout.from_config(PARTS).assign(NAMES)
    assert list(parts.values()) == ["stem", "block 0", "block 1", "norm", "head"]


def test_blocks_can_be_listed_one_expression_each():
    parts = Layout.from_config(
        {"blocks": [r"first\.", r"second\."], "head": "out"}
    ).assign(["first.w", "second.w", "out"])  # fmt: skip
    assert parts == {"first.w": "block 0", "second.w": "block 1", "out": "head"}


@pytest.mark.parametrize(
    ("change", "names", "expected"),
    [
        ({}, [*NAMES, "extra"], "1 of 6 tensors are in no part (extra)"),
        ({"norm": "norm|head"}, NAMES, "head.weight is in norm and in head"),
        ({"stem": "embed"}, NAMES, "layout.stem: matches none"),
        ({}, [n for n in NAMES if n != "blocks.0.w"], "gives the blocks [1]"),
        ({"blocks": "layers"}, NAMES, "gives the blocks []"),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(change, names, expected):
    with pytest.raises(Findings, match="layout") as caught:
        Layout.from_config(PARTS | change).assign(names)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (None, "missing, or without `head`"),
        ({"stem": "a"}, "missing, or without `head`"),
        ({"head": "a", "tail": "b"}, "layout.tail: the parts are"),
        ({"head": "("}, "no regular expression"),
        ({"head": "a", "blocks": r"(\d)(\d)"}, "needs one group"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(node, expected):
    with pytest.raises(InputError) as caught:
        Layout.from_config(node)
    assert expected in str(caught.value)
