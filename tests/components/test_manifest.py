import json

import pytest

from components.failures import InputError
from components.manifest import Entry, Manifest

MANIFEST = Manifest(
    (
        Entry("patch.weight", (4, 2), "F32", "stem"),
        Entry("blocks.0.scale", (), "F32", "block 0"),
        Entry("norm.count", (), "I64", "norm"),
        Entry("head.weight", (3, 4), "F32", "head"),
    ),
    decoder=(r"decoder\.",),
    head_patterns=(r"head\.",),
)


def test_parts():
    assert [entry.name for entry in MANIFEST.head] == ["head.weight"]
    assert [entry.name for entry in MANIFEST.backbone] == list(MANIFEST.names[:3])
    assert [entry.elements for entry in MANIFEST.entries] == [8, 1, 1, 12]


def test_there_and_back_through_json():
    assert Manifest.from_dict(json.loads(json.dumps(MANIFEST.to_dict()))) == MANIFEST


def broken(**changes) -> dict:
    data = MANIFEST.to_dict()
    data["entries"][0] |= changes
    return data


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        {"entries": [1]},
        broken(shape=["num_logits", 4]),
        broken(shape=[-1]),
        broken(name=3),
        {**MANIFEST.to_dict(), "decoder": "decoder"},
        {**MANIFEST.to_dict(), "head_patterns": [1]},
    ],
)
def test_what_is_no_manifest(data):
    with pytest.raises(InputError, match=r"manifest: is not what .*describe"):
        Manifest.from_dict(data)


def test_two_entries_of_one_name():
    with pytest.raises(InputError, match=r"names blocks\.0\.scale twice"):
        Manifest.from_dict(broken(name="blocks.0.scale"))
