import pytest

from components import parameters
from components.failures import InputError
from pipeline import description


def test_a_shipped_model_needs_none():
    assert description.manifest(["experiment=demo"]) == ""


def test_what_does_not_compose_is_left_to_preflight_to_tell():
    assert description.manifest(["optimizer.lrr=1"]) == ""


def test_another_model_is_described_for_the_task():
    packed = description.manifest(["experiment=demo", "model.depth=2", "num_classes=5"])
    entries = parameters.unpack(packed)["entries"]
    assert {entry["part"] for entry in entries} >= {"block 0", "block 1", "head"}
    assert "block 2" not in {entry["part"] for entry in entries}
    assert [e["shape"] for e in entries if e["name"] == "head.bias"] == [[5]]


def test_a_model_that_cannot_be_built_is_the_users_mistake():
    with pytest.raises(InputError, match="no_such_module"):
        description.manifest(["experiment=demo", "model._target_=no_such_module.Net"])
