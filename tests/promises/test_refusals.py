"""Whatever is wrong with a checkpoint: one line, the right exit code, nothing half-written."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from components.__main__ import main
from components.config import compose, shipped_manifest

TASK = ["experiment=demo"]


@pytest.fixture(scope="module")
def state():
    entries = shipped_manifest(compose(TASK))["entries"]
    return {f"model.{entry['name']}": torch.randn(entry["shape"]) for entry in entries}


def load(checkpoint, output, capsys, *overrides):
    """Runs the command; returns its exit code and what it said on stderr."""
    command = ["load-checkpoint", "--checkpoint", str(checkpoint), "--output", str(output)]
    try:
        code = main([*command, *TASK, *overrides])
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().err.strip().splitlines()


def refused(checkpoint, tmp_path, capsys, *overrides, code=2):
    output = tmp_path / "out" / "backbone"
    found, lines = load(checkpoint, output, capsys, *overrides)
    assert found == code, lines
    assert len(lines) == 1 and lines[0].startswith("error: "), lines
    left = list((tmp_path / "out").iterdir()) if (tmp_path / "out").exists() else []
    assert left == []
    return lines[0]


class Malicious:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("where", ["hyper_parameters", "state_dict"])
def test_a_checkpoint_made_to_run_code_runs_none(where, state, tmp_path, capsys):
    marker, file = tmp_path / "ran", tmp_path / "bad.ckpt"
    content = {"state_dict": dict(state), "hyper_parameters": {}}
    content[where]["x"] = Malicious(marker)
    torch.save(content, file)
    load(file, tmp_path / "out", capsys)
    assert not marker.exists()
    # The file would have done harm: torch's own reader runs it if told not to care.
    torch.load(file, weights_only=False)
    assert marker.exists()


def test_a_truncated_file(state, tmp_path, capsys):
    whole = tmp_path / "whole.ckpt"
    torch.save({"state_dict": state}, whole)
    cut = tmp_path / "cut.ckpt"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert "cut.ckpt" in refused(cut, tmp_path, capsys)


def test_a_wrong_prefix(state, tmp_path, capsys):
    file = tmp_path / "prefix.pt"
    torch.save({name.replace("model.", "student."): t for name, t in state.items()}, file)
    line = refused(file, tmp_path, capsys)
    assert "student." in line and "pos_embed" in line


def test_another_model(tmp_path, capsys):
    file = tmp_path / "other.pt"
    torch.save({"layer.weight": torch.ones(3)}, file)
    assert "model=" in refused(file, tmp_path, capsys)


def test_a_nan_weight(state, tmp_path, capsys):
    file = tmp_path / "nan.pt"
    spoilt = state["model.pos_embed"].clone()
    spoilt[0, 0, 0] = float("nan")
    torch.save(state | {"model.pos_embed": spoilt}, file)
    assert "pos_embed" in refused(file, tmp_path, capsys)


def test_a_missing_tensor_and_how_to_go_on_without_it(state, tmp_path, capsys):
    file = tmp_path / "poor.pt"
    torch.save({n: t for n, t in state.items() if n != "model.norm.weight"}, file)
    line = refused(file, tmp_path, capsys)
    assert "norm.weight" in line and "checkpoint.min_coverage" in line
    code, _ = load(file, tmp_path / "meant", capsys, "checkpoint.min_coverage=0.9")
    assert code == 0


def test_a_head_that_does_not_fit(state, tmp_path, capsys):
    file = tmp_path / "head.pt"
    torch.save(state, file)
    line = refused(file, tmp_path, capsys, "head=true", "num_classes=5")
    assert "head" in line and "8" in line and "5" in line


@pytest.mark.parametrize("kind", ["folder", "text", "missing", "pickle"])
def test_what_is_no_checkpoint(kind, tmp_path, capsys):
    place = tmp_path / "thing"
    if kind == "folder":
        place.mkdir()
    elif kind == "text":
        place.write_text("<html>404</html>")
    elif kind == "pickle":
        place.write_bytes(pickle.dumps({"a": 1}))
    assert "thing" in refused(place, tmp_path, capsys)


def test_an_output_that_cannot_be_written(state, tmp_path, capsys):
    file = tmp_path / "good.pt"
    torch.save(state, file)
    blocker = tmp_path / "blocker"
    blocker.write_text("a file where a folder is wanted")
    code, lines = load(file, blocker / "out", capsys)
    assert code == 2 and len(lines) == 1 and "--output" in lines[0]


@pytest.mark.s3
def test_from_s3(state, s3, tmp_path, capsys, monkeypatch):
    file = tmp_path / "good.pt"
    torch.save(state, file)
    uri = s3.put("good.pt", file.read_bytes())
    code, _ = load(uri, tmp_path / "fetched", capsys)
    assert code == 0
    load(file, tmp_path / "local", capsys)
    name = "backbone.safetensors"
    assert (tmp_path / "fetched" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()

    assert "missing.pt" in refused(s3.uri("missing.pt"), tmp_path, capsys)
    assert "nowhere" in refused("s3://nowhere/good.pt", tmp_path, capsys)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong/secret")
    line = refused(uri, tmp_path, capsys)
    assert "credentials" in line.lower() or "AWS_" in line
    assert "wrong/secret" not in line
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "127.0.0.1:9" in refused(uri, tmp_path, capsys, code=1)


def test_nothing_is_left_beside_the_output(state, tmp_path, capsys):
    file = tmp_path / "good.pt"
    torch.save(state, file)
    load(file, tmp_path / "out" / "backbone", capsys)
    found = sorted(str(p.relative_to(tmp_path / "out")) for p in Path(tmp_path / "out").rglob("*"))
    assert found == ["backbone", "backbone/backbone.safetensors", "backbone/report.json"]
