"""One seed on one machine gives the same weights and numbers, however the steps are run.

As a whole, by the commands of the steps, and by a run whose training is killed and that goes on
with the same `--out`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.__main__ import main

HOME = Path(__file__).parents[2]
DEMO = HOME / "pipeline" / "demo"
CHECKPOINT, DATA = ("--checkpoint", str(DEMO / "pretrained.ckpt")), ("--dataset", str(DEMO))
OVERRIDES = [
    "experiment=demo",
    "trainer.max_epochs=2",
    "resume.every=1s",
    "evaluation.bootstrap=20",
]
SAME = ("model/model.safetensors", "model/history.csv", "evaluation/metrics.json")

pytestmark = pytest.mark.slow


def started(out):
    words = ["-m", "pipeline", "run", "--out", str(out), *CHECKPOINT, *DATA, *OVERRIDES]
    env = os.environ | {"PYTHONPATH": str(HOME), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, *words], env=env, stderr=subprocess.PIPE, text=True)


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


def kept(out):
    """Whether there is a state of the training."""
    records = out.glob(".kfp/lasting/resume/*/latest.json")
    return any(json.loads(record.read_text())["states"] for record in records)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a run that nothing has happened to."""
    out = tmp_path_factory.mktemp("whole") / "out"
    run = started(out)
    told = run.communicate()[1]
    assert run.returncode == 0, told
    return out


def test_the_commands_of_the_steps_come_to_the_same_with_workers_of_the_data(whole, tmp_path):
    metrics = json.loads((whole / "evaluation" / "metrics.json").read_text())
    assert metrics["test_balanced_acc"] > 0.125
    backbone, model, output = (str(tmp_path / name) for name in ("backbone", "model", "evaluation"))
    more = ("data.num_workers=2", *OVERRIDES)
    assert main(["load-checkpoint", *CHECKPOINT, "--output", backbone, *more]) == 0
    assert main(["finetune", "--backbone", backbone, *DATA, "--output", model, *more]) == 0
    assert main(["evaluate", "--model", model, *DATA, "--output", output, *more]) == 0
    for name in SAME:
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes(), name


def test_finished_steps_are_kept_and_the_killed_one_goes_on(whole, tmp_path):
    out = tmp_path / "broken"
    broken = started(out)
    said = ""
    for line in broken.stderr:
        said += line
        if "epoch 1 of 2" in line:
            while not kept(out):  # they are written in the background
                assert broken.poll() is None
                time.sleep(0.05)
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
    assert "finetune        | resumed at " in told  # a batch, or a validation
    for name in SAME:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    assert not (out / ".kfp").exists()
