import json
from importlib import resources

import pytest

from components.describe.step import as_text, run
from components.failures import Failure

MODELS = resources.files("components.conf") / "model"
SHIPPED = sorted(f.name.removesuffix(".yaml") for f in MODELS.iterdir() if f.suffix == ".yaml")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_committed_manifest_is_the_models(name):
    assert (MODELS / f"{name}.manifest.json").read_text() == as_text(run([f"model={name}"]))


def test_sizes_that_follow_the_task_are_left_open():
    entries = {entry["name"]: entry["shape"] for entry in run([])["entries"]}
    assert entries["head.weight"] == ["num_logits", 96]
    assert entries["head.bias"] == ["num_logits"]
    # A size that happens to equal the number of logits does not follow it.
    few = {e["name"]: e["shape"] for e in run(["num_classes=96"])["entries"]}
    assert few["head.weight"] == ["num_logits", 96]


def test_the_text_is_json_of_the_same(tmp_path):
    manifest = run([])
    assert json.loads(as_text(manifest)) == manifest


def test_a_layout_that_forgets_a_tensor_is_an_error():
    with pytest.raises(Failure, match=r"model.layout: 1 of \d+ tensors are in no part \(pos_embed"):
        run([r"model.layout.stem='patch_embed\.'"])
