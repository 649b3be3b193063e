"""Checkpoints in several safetensors files."""

import json

import pytest
import torch
from safetensors.torch import save_file

from components.checkpoint import open_checkpoint, stat
from components.failures import InputError

STATE = {f"layer{i}.w": torch.full((3,), float(i)) for i in range(4)}


@pytest.fixture
def folder(tmp_path):
    places = {}
    for part in (1, 2):
        file = f"model-0000{part}-of-00002.safetensors"
        held = {name: w for i, (name, w) in enumerate(STATE.items()) if i % 2 == part - 1}
        save_file(held, tmp_path / file)
        places |= dict.fromkeys(held, file)
    write_index(tmp_path, places)
    return tmp_path


def write_index(folder, places) -> None:
    index = {"metadata": {"total_size": 48}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def places(folder) -> dict:
    return json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]


@pytest.mark.parametrize("name", ["", "/", "/model.safetensors.index.json"])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_given_as_folder_or_as_index(folder, name, scheme):
    with open_checkpoint(f"{scheme}{folder}{name}") as opened:
        assert opened.format == "sharded safetensors"
        assert set(opened.tensors) == set(STATE)
        for key, tensor in STATE.items():
            assert b"".join(opened.tensors[key].chunks()) == tensor.numpy().tobytes()


def test_relative_path(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for uri in (".", "model.safetensors.index.json"):
        with open_checkpoint(uri) as opened:
            assert set(opened.tensors) == set(STATE)


def test_the_fingerprint_follows_every_file(folder):
    before = stat(str(folder))
    assert before.size == sum(file.stat().st_size for file in folder.iterdir())
    with open_checkpoint(str(folder), fingerprint=before.fingerprint) as opened:
        assert len(opened.tensors) == 4
    changed = {name: w + 1 for name, w in list(STATE.items())[1::2]}
    save_file(changed, folder / "model-00002-of-00002.safetensors")
    assert stat(str(folder)).fingerprint != before.fingerprint
    with (
        pytest.raises(InputError, match="not those that were checked"),
        open_checkpoint(str(folder), fingerprint=before.fingerprint),
    ):
        pass


def refused(folder, told) -> None:
    with pytest.raises(InputError, match=told) as refusal, open_checkpoint(str(folder)):
        pass
    assert "\n" not in str(refusal.value)


def test_index_and_files_must_agree(folder):
    first, second = sorted(set(places(folder).values()))
    whole = places(folder)
    write_index(folder, {**whole, "layer9.w": first})
    refused(folder, f"lists layer9.w in {first}")
    write_index(folder, {k: v for k, v in whole.items() if k != "layer2.w"})
    refused(folder, "holds layer2.w, which the index does not place there")
    write_index(folder, {**whole, "layer0.w": second})
    refused(folder, "holds layer0.w")
    write_index(folder, whole)
    (folder / second).unlink()
    refused(folder, "model-00002.*no such file")
    (folder / second).write_text("version https://git-lfs.github.com/spec/v1")
    refused(folder, "git-lfs pointer")
    torch.save(STATE, folder / second)
    refused(folder, "is no safetensors file")


@pytest.mark.parametrize(
    "name", ["../a.safetensors", "/etc/passwd", "s3://b/k", "", "..", 5, "%2e"]
)
def test_an_index_cannot_lead_out_of_its_folder(folder, name):
    write_index(folder, {"a": name})
    refused(folder, "leads out of its folder")


def test_two_indices_in_a_folder(folder):
    (folder / "other.safetensors.index.json").write_text("{}")
    refused(folder, "is a folder with 2")
