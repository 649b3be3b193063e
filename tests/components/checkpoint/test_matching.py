"""A checkpoint is accepted only if every tensor of it and of the backbone is accounted for."""

import pytest

from components.checkpoint import TensorRef, match
from components.failures import Findings, InputError
from components.manifest import Entry, Manifest

SHAPES = {
    "patch.weight": ((4, 8), "stem"),
    "blocks.0.weight": ((4, 4), "block 0"),
    "blocks.0.bias": ((4,), "block 0"),
    "blocks.1.weight": ((4, 4), "block 1"),
    "blocks.1.bias": ((4,), "block 1"),
    "norm.weight": ((4,), "norm"),
    "head.weight": ((3, 4), "head"),
    "head.bias": ((3,), "head"),
}
MANIFEST = Manifest(
    tuple(Entry(name, shape, "F32", part) for name, (shape, part) in SHAPES.items()),
    decoder=(r"decoder\.", "mask_token$"),
    head_patterns=(r"head\.", r"classifier\."),
)
BACKBONE = {name: shape for name, (shape, part) in SHAPES.items() if part != "head"}
HEAD = {name: shape for name, (shape, part) in SHAPES.items() if part == "head"}


def tensors(shapes: dict, prefix: str = "", dtype: str = "F32") -> dict[str, TensorRef]:
    return {
        f"{prefix}{name}": TensorRef(f"{prefix}{name}", dtype, shape, 0, lambda: iter(()))
        for name, shape in shapes.items()
    }


def reasons(matching) -> dict[str, str]:
    return {decision.source_name: decision.reason for decision in matching.decisions}


def findings(given, *, head=False, **settings) -> list[str]:
    with pytest.raises(Findings) as found:
        match(given, MANIFEST, head=head, **settings)
    assert all("\n" not in line for line in found.value.messages)
    return list(found.value.messages)


def test_backbone_kept_head_and_decoder_stripped():
    decoder = {"decoder.0.weight": (9, 9), "mask_token": (4,)}
    matching = match(tensors(BACKBONE | HEAD | decoder, "model."), MANIFEST, head=False)
    assert reasons(matching) == {
        **{f"model.{name}": "backbone" for name in BACKBONE},
        **{f"model.{name}": "head stripped (head=false)" for name in HEAD},
        **{f"model.{name}": "pre-training decoder" for name in decoder},
    }
    assert matching.wrappers == {"model.": 10}
    assert matching.covered == matching.total
    assert (matching.total.tensors, matching.total.parameters) == (6, 32 + 16 + 4 + 16 + 4 + 4)
    assert matching.percent == "100.0 %" and not matching.missing


def test_a_head_of_another_shape_or_name_is_stripped():
    given = tensors(BACKBONE | {"head.weight": (9, 4), "classifier.2.bias": (9,)})
    assert (
        list(reasons(match(given, MANIFEST, head=False)).values())[-2:]
        == ["head stripped (head=false)"] * 2
    )


def test_a_head_that_fits_is_kept():
    matching = match(tensors(BACKBONE | HEAD), MANIFEST, head=True)
    assert [d.name for d in matching.decisions if d.reason == "head"] == list(HEAD)
    assert all(decision.kept for decision in matching.decisions)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (HEAD | {"head.weight": (9, 4)}, "head.weight is (9, 4), the model has (3, 4)"),
        ({"head.weight": (3, 4)}, "head.bias (3,) is not in the checkpoint"),
        (HEAD | {"classifier.bias": (9,)}, "classifier.bias (9,) is not in the model"),
        ({}, "the checkpoint has no head (the model's is head.weight (3, 4), head.bias (3,))"),
    ],
)
def test_a_head_that_does_not_fit_is_refused_if_it_is_wanted(head, told):
    (line,) = findings(tensors(BACKBONE | head), head=True)
    assert told in line and line.startswith("head=true: ") and "set head=false" in line


def test_a_file_without_a_head_is_fine():
    matching = match(tensors(BACKBONE), MANIFEST, head=False)
    assert set(reasons(matching).values()) == {"backbone"}


def test_missing_tensors_are_told_with_counts_and_names():
    given = {name: shape for name, shape in BACKBONE.items() if "blocks.1" not in name}
    (line,) = findings(tensors(given))
    for part in (
        "checkpoint.min_coverage=1.0: ",
        "only 66.6 % of the backbone (4 of 6 tensors, 56 of 76 parameters)",
        "it lacks blocks.1.weight (4, 4), blocks.1.bias (4,) (all of block 1)",
        "checkpoint.min_coverage=0.666 ",
    ):
        assert part in line


def test_little_coverage_points_to_another_model():
    (line,) = findings(tensors({"norm.weight": (4,)}))
    assert "seems to be of another model" in line and "min_coverage=0.0" not in line


def test_less_coverage_may_be_allowed():
    given = tensors({name: s for name, s in BACKBONE.items() if name != "norm.weight"})
    matching = match(given, MANIFEST, head=False, min_coverage=0.8)
    assert [entry.name for entry in matching.missing] == ["norm.weight"]
    assert matching.tensor_coverage == pytest.approx(5 / 6)
    assert matching.parameter_coverage == pytest.approx(72 / 76)
    # the smaller share counts, or a bias would never matter beside a large matrix
    assert findings(given, min_coverage=0.9)
    # what the message proposes is accepted
    match(given, MANIFEST, head=False, min_coverage=0.833)


def test_one_missing_scalar_is_not_rounded_away():
    entries = (Entry("w", (10_000, 10_000), "F32", "stem"), Entry("n", (), "I64", "norm"))
    given = tensors({"w": (10_000, 10_000)})
    with pytest.raises(Findings, match=r"only 50\.0 %"):
        match(given, Manifest(entries), head=False)
    many = tuple(Entry(f"w{i}", (1,), "F32", "stem") for i in range(2000))
    given = tensors({entry.name: (1,) for entry in many[:-1]})
    with pytest.raises(Findings, match=r"only 99\.9 % .*1,999 of 2,000 parameters"):
        match(given, Manifest(many), head=False)


def test_wrong_shapes_and_types_are_refused():
    given = tensors(BACKBONE | {"patch.weight": (4, 9)}) | tensors({"norm.weight": (4,)}, "", "I64")
    (line,) = findings(given)
    assert "2 tensors of the backbone" in line
    assert "patch.weight is (4, 9), the model has (4, 8)" in line
    assert "norm.weight is (4,) I64, the model has (4,) F32" in line
    # a shape is never waved through by the coverage
    assert findings(given, min_coverage=0.0)


def test_other_precision_is_fine():
    assert not match(tensors(BACKBONE, "", "BF16"), MANIFEST, head=False).missing


@pytest.mark.parametrize("dtype", ["C64", "C128", "F8_E4M3", "F8_E5M2FNUZ"])
def test_numbers_that_would_lose_a_part_are_refused(dtype):
    (line,) = findings(tensors(BACKBONE) | tensors({"norm.weight": (4,)}, "", dtype))
    assert f"norm.weight is (4,) {dtype}, the model has (4,) F32" in line
    assert "save such tensors in the model's type" in line and "model.*" not in line
    own = Manifest((Entry("w", (2,), dtype, "stem"),))
    assert not match(tensors({"w": (2,)}, "", dtype), own, head=False).missing


def test_unknown_tensors_are_refused_until_they_are_ignored():
    given = tensors(BACKBONE | {"criterion.weight": (2,), "blocks.7.weight": (4, 4)}, "model.")
    (line,) = findings(given)
    assert "2 tensors of the checkpoint in no part of the model" in line
    assert "model.criterion.weight (2,), model.blocks.7.weight (4, 4)" in line
    assert "set checkpoint.ignore=[criterion,blocks.7]" in line
    matching = match(given, MANIFEST, head=False, ignore=["criterion", "blocks.7"])
    assert reasons(matching)["model.criterion.weight"] == "ignored by checkpoint.ignore"
    assert matching.percent == "100.0 %"


def test_everything_is_told_at_once():
    shapes = BACKBONE | {"patch.weight": (1,), "odd": (1,), "head.weight": (9, 9)}
    del shapes["norm.weight"]
    keys = [line.split(":")[0] for line in findings(tensors(shapes), head=True)]
    assert keys == ["checkpoint", "checkpoint.min_coverage=1.0", "checkpoint.ignore", "head=true"]


def test_nothing_matches():
    (line,) = findings(tensors({"a.w": (1,), "b.w": (1,), "c.w": (1,), "d.w": (1,)}))
    assert "none of its 4 tensors is one of the model's 6" in line
    assert "a.w, b.w, c.w and 1 more" in line
    assert "patch.weight, blocks.0.weight, blocks.0.bias and 3 more" in line
    assert "set model=" in line
    # to start from nothing is not loading a checkpoint
    assert findings(tensors({"a.w": (1,)}), min_coverage=0.0)


def test_a_wrapper_that_is_not_known_is_told():
    (line,) = findings(tensors(BACKBONE, "student.encoder."))
    assert "its names begin with 'student.encoder.'" in line


@pytest.mark.parametrize(
    "prefix",
    ["", "model.", "module.", "net.", "_orig_mod.", "model._orig_mod.", "module.model.net."],
)
def test_wrappers_in_any_order(prefix):
    matching = match(tensors(BACKBONE | HEAD, prefix), MANIFEST, head=True)
    assert [d.name for d in matching.decisions] == [*BACKBONE, *HEAD]
    assert matching.wrappers == ({prefix: 8} if prefix else {})


def test_names_that_the_model_knows_are_not_unwrapped():
    shapes = {"model.net.w": (2,), "net.w": (3,), "module.w": (4,)}
    manifest = Manifest(tuple(Entry(n, s, "F32", "stem") for n, s in shapes.items()))
    for prefix in ("", "model."):
        given = tensors({"net.w": (3,), "module.w": (4,)}, prefix) | tensors({"model.net.w": (2,)})
        if prefix:
            with pytest.raises(Findings):  # `model.net.w` can only be one of them
                match(given, manifest, head=False)
        else:
            assert match(given, manifest, head=False).wrappers == {}


def test_unknown_names_lose_the_usual_wrapper_alone():
    manifest = Manifest((Entry("net.0.w", (2,), "F32", "stem"),))
    given = tensors({"net.0.w": (2,), "net.9.w": (2,)}, "model.")
    with pytest.raises(Findings, match=r"set checkpoint\.ignore=\[net\.9\]"):
        match(given, manifest, head=False)
    matching = match(given, manifest, head=False, ignore=["net.9"])
    assert [decision.name for decision in matching.decisions if decision.kept] == ["net.0.w"]


def test_two_names_for_one_tensor_are_refused():
    given = tensors(BACKBONE, "model.") | tensors({"norm.weight": (4,)})
    (line,) = findings(given)
    assert "norm.weight for model.norm.weight and norm.weight" in line
    assert "checkpoint.ignore=[model.norm.weight]" in line
    matching = match(given, MANIFEST, head=False, ignore=["model.norm.weight"])
    assert matching.wrappers == {"model.": 5} and not matching.missing


def test_an_ignored_backbone_tensor_is_missing():
    (line,) = findings(tensors(BACKBONE, "model."), ignore=["norm"])
    assert "it lacks norm.weight (4,)" in line


@pytest.mark.parametrize("ignore", ["criterion", [3], ["("]])
def test_ignore_must_be_a_list_of_expressions(ignore):
    with pytest.raises(InputError, match=r"checkpoint\.ignore="):
        match(tensors(BACKBONE), MANIFEST, head=False, ignore=ignore)
