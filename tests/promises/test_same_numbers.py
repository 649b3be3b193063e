"""One seed on one machine gives the same weights and numbers, however the steps are run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "pipeline" / "demo"
FAST = ["experiment=demo", "trainer.max_epochs=2", "trainer.limit_train_batches=5"]


def command(*words):
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words), *FAST], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def results(folder):
    metrics = json.loads((folder / "evaluation" / "metrics.json").read_text())
    return (folder / "model" / "model.safetensors").read_bytes(), metrics


@pytest.mark.slow
def test_pipeline_and_commands_with_no_and_with_two_workers(tmp_path):
    checkpoint = DEMO / "pretrained.ckpt"
    given = ("--checkpoint", checkpoint, "--dataset", DEMO)
    command("pipeline", "run", "--out", tmp_path / "pipeline", *given)
    weights, metrics = results(tmp_path / "pipeline")
    assert metrics["test_balanced_acc"] > 0.125

    steps = tmp_path / "steps"
    data = ("--dataset", DEMO)
    backbone, model, output = (steps / name for name in ("backbone", "model", "evaluation"))
    command("components", "load-checkpoint", "--checkpoint", checkpoint, "--output", backbone)
    workers = "data.num_workers=2"
    command(
        "components", "finetune", "--backbone", backbone, *data, "--output", model, workers
    )  # fmt: skip
    command("components", "evaluate", "--model", model, *data, "--output", output, workers)
    assert results(steps) == (weights, metrics)
