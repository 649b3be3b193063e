"""Shuffled batches from HDF5 beside one sequential raw read of the same file."""

import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.speed import tasks
from benchmarks.speed.rows import Bar, Row, compared, interleaved, timed
from components.allocator import keep_buffers
from components.batches import ShuffledBatches
from components.data import loader

WINDOWS, BATCH = 1920, 32
BYTES = int(np.prod(tasks.WINDOW)) * 4  # of a window


def rows(quick: bool) -> Iterator[Row]:
    """Yields each comparison as it is done."""
    keep_buffers()  # as finetune does
    with tempfile.TemporaryDirectory(prefix="biotune-bench-") as scratch:
        flat = tasks.dataset(Path(scratch), WINDOWS, validation=1) / "train.h5"
        grouped = tasks.grouped(Path(scratch) / "grouped" / "train.h5", WINDOWS)
        for layout, file in {"flat": flat, "grouped": grouped}.items():
            yield _shuffled(layout, file, 3 if quick else 11)


def _shuffled(layout: str, file: Path, rounds: int) -> Row:
    batches = partial(ShuffledBatches, seed=0)
    ours = loader(file, batch_size=BATCH, num_workers=0, batches=batches)
    epochs = iter(range(10_000))

    def epoch() -> None:
        ours.batch_sampler.set_epoch(next(epochs))
        for _ in ours:
            pass

    pairs = interleaved(timed(epoch), timed(partial(_sequential, file)), rounds)
    return compared(
        f"shuffled batches from HDF5 against one sequential raw read, {layout}",
        Bar(1.4),
        pairs,
        shown=lambda seconds: f"{1e6 * seconds / WINDOWS:.1f} µs/window",
        note=f"Windows of {BYTES >> 10} KiB, float32, uncompressed, in the system's cache; a round "
        "is an epoch. Ours is all that training gets: checked windows with labels, on tensors; the "
        "reference reads a batch a call, where shuffled windows take a call each.",
    )


def _sequential(file: Path) -> None:
    with file.open("rb", buffering=0) as stream:
        for batch in range(WINDOWS // BATCH):
            into = np.empty(BATCH * BYTES, dtype=np.uint8)
            os.preadv(stream.fileno(), [into], batch * into.nbytes)
