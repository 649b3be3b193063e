"""From a checkpoint file to the folder that fine-tuning starts from."""

import json
import logging
import os

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from components import checkpoint
from components.failures import InputError
from components.load_checkpoint.step import run

DTYPES = {torch.float32: "F32", torch.int64: "I64"}


class Net(nn.Module):
    """A backbone with batch-norm buffers, and a head."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv1d(2, 4, 3)
        self.norm = nn.BatchNorm1d(4)
        self.head = nn.Linear(4, classes)


def config(*, head=False, ignore=(), min_coverage=1.0) -> dict:
    parts = {"conv": "stem", "norm": "norm", "head": "head"}
    entries = [
        {
            "name": name,
            "shape": list(tensor.shape),
            "dtype": DTYPES[tensor.dtype],
            "part": parts[name.split(".")[0]],
        }
        for name, tensor in Net().state_dict().items()
    ]
    manifest = {"entries": entries, "decoder": [r"decoder\."], "head_patterns": [r"head\."]}
    settings = {"min_coverage": min_coverage, "ignore": list(ignore)}
    return {"head": head, "checkpoint": settings, "manifest": manifest}


def save(path, state: dict) -> str:
    torch.save({"epoch": 2, "pytorch-lightning_version": "2.6.6", "state_dict": state}, path)
    return str(path)


@pytest.fixture
def pretrained(tmp_path) -> tuple[str, dict]:
    state = {f"model.{name}": value for name, value in Net().state_dict().items()}
    state["model.decoder.weight"] = torch.full((5,), float("nan"))  # stripped: never looked at
    return save(tmp_path / "last.ckpt", state), state


def test_what_it_leaves(pretrained, tmp_path, caplog):
    uri, state = pretrained
    caplog.set_level(logging.INFO, logger="biotune")
    done = run(uri, tmp_path / "out", config())
    assert sorted(os.listdir(tmp_path / "out")) == ["backbone.safetensors", "report.json"]
    assert sorted(os.listdir(tmp_path)) == ["last.ckpt", "out"]
    found = load_file(tmp_path / "out" / "backbone.safetensors")
    assert set(found) == {n for n in Net().state_dict() if not n.startswith("head")}
    for name, tensor in found.items():
        assert tensor.dtype == state[f"model.{name}"].dtype
        assert torch.equal(tensor, state[f"model.{name}"])
    summary = (
        "100.0 % of the backbone (7 of 7 tensors, 45 parameters); "
        "stripped 2 head tensors (head=false) and 1 tensor of the pre-training decoder"
    )
    assert done.summary == summary
    assert caplog.messages == [f"load-checkpoint: {summary}"]


def test_report(pretrained, tmp_path):
    uri, _ = pretrained
    done = run(uri, tmp_path / "out", config())
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert done.report == report
    tensors = {tensor["source_name"]: tensor for tensor in report.pop("tensors")}
    assert tensors["model.conv.weight"] == {
        "name": "conv.weight",
        "source_name": "model.conv.weight",
        "shape": [4, 2, 3],
        "dtype": "F32",
        "action": "kept",
        "reason": "backbone",
    }
    assert tensors["model.head.bias"]["action"] == "stripped"
    assert len(tensors) == 10
    fingerprint = report.pop("fingerprint")
    assert fingerprint.startswith("zip:")
    assert report == {
        "source": uri,
        "format": "lightning",
        "recognised": None,
        "metadata": {"epoch": 2, "pytorch-lightning_version": "2.6.6"},
        "wrappers": {"model.": 10},
        "foreign": [],
        "not_tensors": [],
        "coverage": {"tensors": 1.0, "parameters": 1.0, "of": {"tensors": 7, "parameters": 45}},
        "counts": {"backbone": 7, "head stripped (head=false)": 2, "pre-training decoder": 1},
        "missing": [],
    }


def test_the_head_is_kept_where_it_is_wanted(pretrained, tmp_path):
    uri, state = pretrained
    done = run(uri, tmp_path / "out", config(head=True))
    found = load_file(tmp_path / "out" / "backbone.safetensors")
    assert torch.equal(found["head.weight"], state["model.head.weight"])
    assert "and 2 head tensors; stripped 1 tensor of the pre-training decoder" in done.summary


def test_the_report_says_that_nothing_was_stripped(tmp_path):
    state = {n: v for n, v in Net().state_dict().items() if not n.startswith("head")}
    done = run(save(tmp_path / "a.ckpt", state), tmp_path / "out", config())
    assert done.summary.endswith("(7 of 7 tensors, 45 parameters); nothing was stripped")
    assert done.report["counts"] == {"backbone": 7}


def test_what_begins_at_random_is_named(tmp_path):
    state = Net().state_dict()
    del state["norm.num_batches_tracked"], state["conv.bias"]
    uri = save(tmp_path / "a.ckpt", state)
    with pytest.raises(InputError, match=r"lacks conv.bias .*norm.num_batches_tracked"):
        run(uri, tmp_path / "out", config())
    done = run(uri, tmp_path / "out", config(min_coverage=0.5))
    assert done.report["missing"] == ["conv.bias", "norm.num_batches_tracked"]
    assert done.report["coverage"]["tensors"] == pytest.approx(5 / 7)
    assert done.summary.endswith("beginning at random: conv.bias, norm.num_batches_tracked")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda s: s["conv.weight"].fill_(float("nan")), r"NaN or infinite.*conv.weight \(24\)"),
        (lambda s: s["norm.running_var"][:1].fill_(float("inf")), r"norm.running_var \(1\)"),
        (lambda s: s.update(extra=torch.ones(2)), r"checkpoint\.ignore: .*extra"),
        (lambda s: s.update({"conv.bias": torch.ones(9)}), r"conv.bias is \(9,\)"),
        (lambda s: s.clear() or s.update(x=torch.ones(1)), "none of its 1 tensors"),
    ],
)
def test_a_refusal_leaves_nothing_behind(tmp_path, spoil, told):
    state = Net().state_dict()
    spoil(state)
    uri = save(tmp_path / "a.ckpt", state)
    with pytest.raises(InputError, match=told):
        run(uri, tmp_path / "out", config())
    assert os.listdir(tmp_path) == ["a.ckpt"]


def test_a_checkpoint_that_changed_since_preflight_is_refused(pretrained, tmp_path):
    uri, _ = pretrained
    with pytest.raises(InputError, match="not the one that was checked"):
        run(uri, tmp_path / "out", config(), fingerprint="sha256:00")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("checksums", [True, False])
def test_a_single_other_weight_makes_another_fingerprint(pretrained, tmp_path, checksums):
    _, state = pretrained
    torch.serialization.set_crc32_options(checksums)
    try:
        uri = save(tmp_path / "last.ckpt", state)
        before = checkpoint.stat(uri).fingerprint
        assert run(uri, tmp_path / "same", config(), fingerprint=before).report["missing"] == []
        state["model.conv.weight"][0, 0, 0] += 1
        save(tmp_path / "last.ckpt", state)
    finally:
        torch.serialization.set_crc32_options(True)
    assert before.startswith("zip:" if checksums else "sha256:")
    with pytest.raises(InputError, match="not the one that was checked"):
        run(uri, tmp_path / "out", config(), fingerprint=before)


def test_an_existing_result_is_not_overwritten(pretrained, tmp_path):
    uri, _ = pretrained
    run(uri, tmp_path / "out", config())
    before = (tmp_path / "out" / "report.json").stat().st_mtime_ns
    with pytest.raises(InputError, match=r"--output=.*is not empty"):
        run(uri, tmp_path / "out", config())
    assert (tmp_path / "out" / "report.json").stat().st_mtime_ns == before


@pytest.mark.s3
def test_from_s3(pretrained, tmp_path, s3):
    uri, _ = pretrained
    content = (tmp_path / "last.ckpt").read_bytes()
    done = run(s3.put("pretrained/last.ckpt", content), tmp_path / "remote", config())
    run(uri, tmp_path / "local", config())
    local, remote = (tmp_path / n / "backbone.safetensors" for n in ("local", "remote"))
    assert local.read_bytes() == remote.read_bytes()
    assert done.report["source"] == s3.uri("pretrained/last.ckpt")


@pytest.mark.s3
def test_sharded_from_s3(tmp_path, s3):
    state = Net().state_dict()
    places = {}
    for number, name in enumerate(state):
        places[name] = f"part{number % 2}.safetensors"
    for file in set(places.values()):
        save_file({n: t for n, t in state.items() if places[n] == file}, tmp_path / file)
        s3.put(f"sharded/{file}", (tmp_path / file).read_bytes())
    index = json.dumps({"weight_map": places}).encode()
    s3.put("sharded/model.safetensors.index.json", index)
    for name in ("sharded", "sharded/", "sharded/model.safetensors.index.json"):
        output = tmp_path / f"out{len(name)}"
        assert run(s3.uri(name), output, config()).report["format"] == "sharded safetensors"
        found = load_file(output / "backbone.safetensors")
        assert torch.equal(found["conv.weight"], state["conv.weight"])
