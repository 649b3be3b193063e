"""A training goes on with another number of processes, if they share the same batches."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from components.config import compose, for_step
from components.failures import InputError
from components.finetune import shares
from components.finetune.preemption import Preemption
from components.finetune.step import run
from tests.made import make_dataset

# Nothing is drawn at random by a process for itself, and no rounding grows as Adam's does.
NET = (
    *("classification_type=bc", "num_classes=2", "model=waveform_transformer"),
    *("model.num_channels=4", "model.num_samples=64", "model.patch_size=16"),
    *("model.embed_dim=16", "model.depth=2", "model.dropout=0", "model.signal=null"),
    *("input_normalization.normalize=none", "trainer.max_epochs=12", "trainer.accelerator=cpu"),
    *("optimizer.optim=SGD", "optimizer.lr=0.01"),
)
KINDS = {
    "whole": (),
    # With moments, which are divided too, and where no rounding becomes a step.
    "divided": ("trainer.strategy=fsdp", "optimizer.optim=AdamW", "+optimizer.options.eps=1e-3"),
}
ONE, TWO = ("data.batch_size=8",), ("data.batch_size=4", "trainer.devices=2")


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("made") / "data")


def tuned(data, output, *overrides):
    config = for_step("finetune", compose([*NET, *overrides]))
    run(str(data), output, json.loads(json.dumps(config)))
    with (output / "history.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    numbers = [{key: float(value) for key, value in row.items()} for row in rows]
    return load_file(output / "model.safetensors"), numbers


def killed(data, output, *overrides, after):
    """Trains until the visit of that number, in the midst of an epoch."""
    visits = []

    def visit(self, trainer, tuner, *, validating):
        visits.append(validating)
        self.writer.wait()  # or it is left to chance which visits leave a state
        original(self, trainer, tuner, validating=validating)
        if len(visits) == after:
            self.writer.wait()
            raise Killed

    original = Preemption._visit
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Preemption, "_visit", visit)
        tuned(data, output, *overrides)


def stopped(data, output, states, *overrides):
    """Trains in two processes until there is a new state, and tells the second one alone to stop.

    So it is where the node of that one is to go.
    """
    before = newest(states)
    words = ("-m", "components", "finetune", "--dataset", data, "--output", output)
    command = [sys.executable, *map(str, words), *NET, *overrides]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while newest(states) == before:
        assert child.poll() is None, child.communicate()[1]
        time.sleep(0.02)
    os.kill(second(child.pid), signal.SIGTERM)
    told = child.communicate(timeout=120)[1]
    assert child.returncode == 143, told
    return told


def second(step):
    """The process with rank 1 that a step has started."""
    for number in Path(f"/proc/{step}/task/{step}/children").read_text().split():
        with suppress(OSError):  # one that has ended, and nobody has asked for
            if b"\0RANK=1\0" in Path(f"/proc/{number}/environ").read_bytes():
                return int(number)
    raise AssertionError("it is not there")


def newest(states):
    (record,) = (json.loads(file.read_text()) for file in states.glob("*/latest.json"))
    return record["states"][0]["written"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_go_on_where_one_stopped_and_one_where_they_did(kind, data, tmp_path, caplog):
    weights, history = tuned(data, tmp_path / "whole", *ONE, *KINDS[kind])
    states = tmp_path / "states"
    kept = (f"resume.uri={states}", "resume.every=0s", *KINDS[kind])
    killed(data, tmp_path / "broken", *ONE, *kept, after=20)
    told = stopped(data, tmp_path / "broken", states, *TWO, *kept)
    assert "resumed at epoch 2, batch" in told
    assert "stopped by SIGTERM at " in told  # a batch, or a validation
    assert "the number of processes was 1 and is 2 now: the batches are the same" in told
    found, rows = tuned(data, tmp_path / "broken", *ONE, *kept)
    assert "the number of processes was 2 and is 1 now" in caplog.text
    for name, value in weights.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-5, msg=name)
    # A window that was lost or counted twice would show in the metrics of its epoch.
    for row, wanted in zip(rows, history, strict=True):
        assert row == pytest.approx(wanted, abs=1e-4)


def test_other_batches_are_refused_with_the_size_that_fits(data, tmp_path):
    kept = (f"resume.uri={tmp_path / 'states'}", "resume.every=0s")
    killed(data, tmp_path / "broken", *ONE, *kept, after=3)
    (place,) = (tmp_path / "states").iterdir()
    wrong = (*TWO[1:], "data.batch_size=8", f"resume.uri={place}")
    with pytest.raises(InputError) as caught:
        tuned(data, tmp_path / "broken", *wrong)
    (line,) = str(caught.value).splitlines()  # the number of processes is no reason by itself
    assert "the global batch was 8 and is 16 now; set data.batch_size=4 (processes: 2)" in line
    wrong = ("trainer.devices=3", "data.batch_size=8", f"resume.uri={place}")
    with pytest.raises(InputError, match=r"no data.batch_size makes that \(processes: 3\)"):
        tuned(data, tmp_path / "broken", *wrong)


@pytest.mark.parametrize(("before", "now"), [(4, 2), (2, 3), (3, 1), (1, 4)])
def test_each_window_and_each_flaw_is_counted_once(before, now):
    def half(rank):
        logits = torch.arange(3 * rank, 3 * rank + 3.0).reshape(3, 1)
        counts = {"train": torch.full((2, 4), rank + 1), "val": torch.zeros(2, 4)}
        flaws = {"records": {"val": {}}, "counts": counts}
        seen = (logits, logits[:, 0].long()) if rank != 1 else None  # one that has seen nothing
        return {"history": [{"epoch": 0}], "row": {"x": 1.0}, "train": seen, "flaws": flaws}

    halves = [half(rank) for rank in range(before)]
    found = [shares.share(halves, rank, now) for rank in range(now)]
    seen = [part["train"] for part in found if part["train"] is not None]
    labels = torch.cat([labels for _, labels in seen]).tolist()
    assert labels == [3 * rank + i for rank in range(before) if rank != 1 for i in range(3)]
    assert all(torch.equal(logits[:, 0].long(), labels) for logits, labels in seen)
    counted = sum(part["flaws"]["counts"]["train"] for part in found)
    assert torch.equal(counted, torch.full((2, 4), before * (before + 1) // 2))
    assert all(part["history"] == [{"epoch": 0}] and part["row"] == {"x": 1.0} for part in found)
    assert all(part["flaws"]["records"] == {"val": {}} for part in found)
