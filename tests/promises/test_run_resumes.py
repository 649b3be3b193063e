"""A run whose training is killed goes on with the same `--out`, to the same bytes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
DEMO = HOME / "pipeline" / "demo"
OVERRIDES = [
    "experiment=demo",
    "trainer.max_epochs=2",
    "resume.every=1s",
    "evaluation.bootstrap=20",
]

pytestmark = pytest.mark.slow


def command(out):
    given = ["--checkpoint", str(DEMO / "pretrained.ckpt"), "--dataset", str(DEMO)]
    return [sys.executable, "-m", "pipeline", "run", "--out", str(out), *given, *OVERRIDES]


def started(out):
    env = os.environ | {"PYTHONPATH": str(HOME), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command(out), env=env, stderr=subprocess.PIPE, text=True)


def training(out):
    """The processes that train for this run."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_text().split("\0") if entry.name.isdigit() else []
        except OSError:  # it has ended
            continue
        if "finetune" in words and any(f"{out}/.kfp" in word for word in words):
            found.append(int(entry.name))
    return found


def test_finished_steps_are_kept_and_the_killed_one_goes_on(tmp_path):
    whole, broken = started(tmp_path / "whole"), None
    told = whole.communicate()[1]
    assert whole.returncode == 0, told
    out = tmp_path / "broken"
    broken = started(out)
    said = ""
    for line in broken.stderr:
        said += line
        if "epoch 1 of 2" in line:
            for process in training(out):
                os.kill(process, signal.SIGKILL)
    assert broken.wait() == 1
    assert "finetune was killed by SIGKILL (exit code 137), most often because memory" in said
    assert (out / "backbone/backbone.safetensors").exists()

    again = started(out)
    told = again.communicate()[1]
    assert again.returncode == 0, told
    assert f"going on with the run in {out}" in told
    assert "load-checkpoint |" not in told
    assert "finetune        | resumed at epoch" in told
    for name in ("model/model.safetensors", "model/history.csv", "evaluation/metrics.json"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert not (out / ".kfp").exists()
