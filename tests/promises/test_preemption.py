"""Trainings that are killed at random moments give, in the end, the bytes of one that was not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.made import make_dataset

HOME = Path(__file__).parents[2]
SMALL = (
    *("classification_type=bc", "num_classes=2", "model=waveform_transformer"),
    *("model.num_channels=4", "model.num_samples=64", "model.patch_size=16"),
    *("model.embed_dim=16", "model.depth=2", "model.dropout=0.1", "model.signal=null"),
    *("input_normalization.normalize=none", "data.batch_size=8", "optimizer.lr=0.003"),
    *("trainer.max_epochs=10", "trainer.accelerator=cpu"),
)
SIZES = {"train": 96, "val": 24, "test": 8}


@pytest.mark.slow
@pytest.mark.timeout(900)  # ten starts, on a machine that may have more to do
def test_three_that_are_killed_and_one_that_is_told_to_stop(tmp_path):
    data = make_dataset(tmp_path / "data", sizes=SIZES)
    table = tmp_path / "table.json"
    counts = ("--kills", "3", "--terms", "1", "--every", "0.2s", "--seed", "5")
    command = [sys.executable, "benchmarks/preemption.py", *counts, "--dataset", data]
    done = subprocess.run(
        [*command, "--scratch", tmp_path, "--json", table, *SMALL],
        cwd=HOME,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    trainings = json.loads(table.read_text())
    assert [training["same"] for training in trainings] == [True] * 4
    # A test of nothing, were they all killed before the first state or after the end.
    resumed = [line for training in trainings for line in training["resumed"]]
    assert any("batch" in line for line in resumed), done.stdout
