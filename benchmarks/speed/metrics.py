"""Metrics of an epoch beside a confusion matrix and the sorting of each class's scores."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.speed.rows import Bar, Row, compared, interleaved, timed
from components.metrics import ClassificationMetric
from components.objectives import MultiClass

CLASSES, BATCH = 6, 32
MILLIONS, KEPT = 10_000_000, CLASSES * 4 + 8  # bytes of a window: its scores, its label


def rows(quick: bool) -> Iterator[Row]:
    """Yields each comparison as it is done."""
    yield _epoch(5 if quick else 31)
    yield from _millions(MILLIONS // (20 if quick else 1))


def _epoch(rounds: int) -> Row:
    logits, labels = _made(20_000)
    batches = list(zip(logits.split(BATCH), labels.split(BATCH), strict=True))
    metric = ClassificationMetric(MultiClass(CLASSES))

    def ours() -> None:
        for batch in batches:
            metric.update(*batch)
        metric.compute(), metric.mean_loss()
        metric.reset()

    return compared(
        "metrics of a validation epoch, 20,000 windows, 6 classes",
        Bar(40, unit="ms"),
        interleaved(timed(ours), timed(lambda: _least(logits, labels)), rounds),
        value=lambda ours, _: 1000 * ours,
        shown=lambda seconds: f"{1000 * seconds:.1f} ms",
        note="Nine metrics and the loss, kept in batches of 32; the reference is a softmax, a "
        "confusion matrix and a sort of each class's scores.",
    )


def _millions(windows: int) -> Iterator[Row]:
    """Two rows out of a process of its own, whose memory is nobody else's."""
    command = [sys.executable, "-m", "benchmarks.speed.metrics", str(windows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    what = f"exact metrics on {windows / 1e6:g} million windows, 6 classes"
    mebibytes = windows * KEPT / 2**20
    yield compared(
        f"{what}: memory against what is kept",
        Bar(3),
        [(found["memory"], mebibytes)],
        shown=lambda size: f"{size:.0f} MiB",
        note=f"Kept are {KEPT} bytes a window, the scores in float32 and the label; against the "
        f"scores alone the ratio is {found['memory'] / mebibytes * KEPT / (KEPT - 8):.2f}. The "
        "metrics are made in float64, which is twice the scores by itself.",
    )
    yield compared(
        f"{what}: time against sorting",
        Bar(2),
        list(zip(found["ours"], found["reference"], strict=True)),
        shown=lambda seconds: f"{seconds:.1f} s",
        note="Softmax, confusion matrix and loss included; the reference does as in the row of "
        "20,000 windows.",
    )


def _alone(windows: int) -> dict[str, float | list[float]]:
    logits, labels = _made(windows)
    metric = ClassificationMetric(MultiClass(CLASSES))
    for batch in zip(logits.split(windows // 8), labels.split(windows // 8), strict=True):
        metric.update(*batch)
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    metric.compute(), metric.mean_loss()
    memory = _status("VmHWM") - before

    def ours() -> None:
        metric._computed = None  # or it would be handed out again
        metric.compute()

    pairs = interleaved(timed(ours), timed(lambda: _least(logits, labels)), 1)
    ours, reference = zip(*pairs, strict=True)
    return {"memory": memory, "ours": ours, "reference": reference}


def _made(windows: int) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(0)
    labels = torch.randint(CLASSES, (windows,), generator=chance)
    logits = torch.randn(windows, CLASSES, generator=chance)
    logits[torch.arange(windows), labels] += 1
    return logits, labels


def _least(logits: Tensor, labels: Tensor) -> None:
    """What no exact computation of these metrics can do without."""
    probabilities = logits.double().softmax(1)
    torch.bincount(labels * CLASSES + probabilities.argmax(1), minlength=CLASSES**2)
    for column in probabilities.numpy().T:
        np.sort(column)


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


if __name__ == "__main__":
    print(json.dumps(_alone(int(sys.argv[1]))))
