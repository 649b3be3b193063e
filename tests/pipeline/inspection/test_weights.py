"""What `biotune inspect` tells of a checkpoint."""

import json
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from components.failures import Failure, InputError
from pipeline import inspection

MODEL = "model=waveform_transformer"


@pytest.fixture(scope="module")
def state():
    """The shipped model's own weights, under their own names."""
    from components import config, encoder

    composed = config.compose(["classification_type=mcc", "num_classes=3", MODEL, *NO_SIGNAL])
    return encoder.network(config.for_step("finetune", composed)).encoder.state_dict()


NO_SIGNAL = ("input_normalization.normalize=none",)


@pytest.fixture
def lightning(tmp_path, state):
    """A checkpoint as Lightning writes it, with a decoder of its pre-training."""
    weights = OrderedDict((f"model.{name}", tensor) for name, tensor in state.items())
    weights["model.decoder.weight"] = torch.zeros(3, 3)
    path = tmp_path / "last.ckpt"
    saved = {"epoch": 7, "global_step": 100, "pytorch-lightning_version": "2.6.6"}
    torch.save({"state_dict": weights, **saved}, path)
    return path


def test_a_lightning_checkpoint_tells_epoch_wrapper_and_tensors(lightning, state):
    found = inspection.read(str(lightning))
    assert (found["kind"], found["format"]) == ("checkpoint", "lightning")
    assert found["metadata"]["epoch"] == 7
    assert found["wrappers"] == {"model.": len(state) + 1}
    assert found["parameters"] == sum(tensor.numel() for tensor in state.values()) + 9
    assert found["dtypes"] == {"F32": len(state) + 1}
    assert len(found["tensors"]) == len(state) + 1
    assert found["size"] == lightning.stat().st_size and found["model"] is None
    rows = {row["name"]: row for row in found["groups"]}
    blocks = sum(name.endswith(".norm1.weight") for name in state)
    assert rows[f"blocks.{{0-{blocks - 1}}}.norm1.weight"]["count"] == blocks


def test_a_named_model_tells_parts_and_coverage(lightning, state):
    found = inspection.read(str(lightning), [MODEL])["model"]
    assert found["coverage"] == "100.0 %" and not found["problems"]
    parts = found["parts"]
    assert {"stem", "block 0", "norm", "head", "decoder"} <= set(parts)
    assert parts["decoder"] == {"tensors": 1, "parameters": 9}
    assert sum(extent["tensors"] for extent in parts.values()) == len(state) + 1


def test_another_model_tells_what_does_not_fit(tmp_path, capsys):
    path = tmp_path / "other.safetensors"
    save_file({"some.weight": np.zeros((2, 2), np.float32)}, path)
    found = inspection.read(str(path), [MODEL])
    assert found["model"]["coverage"] is None and found["model"]["problems"]
    assert found["tensors"][0]["part"] == "unknown"
    inspection.run(str(path), [MODEL])
    assert "does not fit" in capsys.readouterr().out


def test_a_model_that_cannot_be_described_here_does_not_hide_the_rest(lightning, monkeypatch):
    def without_torch(overrides):
        raise Failure("model: has no committed manifest, and to make one takes biotune[train]")

    monkeypatch.setattr("pipeline.description.manifest", without_torch)
    found = inspection.read(str(lightning), [MODEL, "model.depth=1"])
    assert "biotune[train]" in found["model"]["problems"][0]
    assert found["parameters"] > 0


def test_a_misspelt_model_is_the_users_error(lightning):
    with pytest.raises(InputError, match="waveform_transformer"):
        inspection.read(str(lightning), ["model=waveform"])


def test_json_holds_all_that_is_shown(lightning, capsys):
    assert inspection.run(str(lightning), [], as_json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(json.dumps(inspection.read(str(lightning))))


def test_names_in_a_file_are_no_markup_and_hide_nothing(tmp_path, capsys):
    path = tmp_path / "odd.safetensors"
    tensors = {"[red]a[/red]": np.zeros(1, np.float32), "b[/]": np.zeros((), np.int64)}
    save_file(tensors, path, metadata={"parameters": "none"})
    inspection.run(str(path))
    shown = capsys.readouterr().out
    assert "[red]a[/red]" in shown and "b[/]" in shown and "scalar" in shown
    assert "parameters=none" in shown


def test_pickled_code_is_named_and_not_run(tmp_path, capsys):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = tmp_path / "trap.ckpt"
    torch.save({"state_dict": {"a": torch.zeros(2)}, "hyper_parameters": Trap()}, path)
    try:
        inspection.run(str(path))
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert "open" in capsys.readouterr().out
    assert not (tmp_path / "ran").exists()


@pytest.mark.s3
def test_the_same_from_s3(s3, lightning):
    here = inspection.read(str(lightning), [MODEL])
    there = inspection.read(s3.put("last.ckpt", lightning.read_bytes()), [MODEL])
    different = {key for key in here if here[key] != there[key]}
    assert different == {"uri", "fingerprint"}
