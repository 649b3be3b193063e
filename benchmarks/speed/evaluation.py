"""Evaluation beside a bare forward loop."""

import copy
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from benchmarks.speed import tasks
from benchmarks.speed.rows import Bar, Row, compared
from benchmarks.speed.tasks import LUNA
from components import encoder
from components.allocator import keep_buffers
from components.data import loader
from components.evaluate import inference

WARM_UP = 2


def rows(quick: bool) -> Iterator[Row]:
    """Yields each comparison as it is done."""
    keep_buffers()  # as evaluate does
    with tempfile.TemporaryDirectory(prefix="biotune-bench-") as scratch:
        data = tasks.dataset(Path(scratch), 32 * (WARM_UP + (4 if quick else 20)))
        yield _throughput(data / "test.h5")


def _throughput(split: Path) -> Row:
    network = encoder.network(tasks.settings(LUNA) | {"channels": []}).eval()
    batches = loader(split, batch_size=32, num_workers=0)
    bare = _bare_loop(copy.deepcopy(network), [b["input"] for b in islice(batches, 2)])
    pairs: list[tuple[float, float]] = []
    inference.predict({"model": network}, _in_turns(batches, bare, pairs), torch.device("cpu"))
    return compared(
        "evaluation throughput, LUNA base, batch 32, as a share of a bare forward loop's",
        Bar(0.98, at_least=True),
        pairs[WARM_UP:],
        value=lambda ours, bare: bare / ours,
        shown=lambda seconds: f"{32 / seconds:.1f} windows/s",
        note="The pass over the data, reading included, batch by batch in turns.",
    )


def _in_turns(
    batches: Iterable[Any], bare: Callable[[], None], pairs: list[tuple[float, float]]
) -> Iterator[Any]:
    """Takes a bare batch before each of ours, and measures both."""
    source = iter(batches)
    while True:
        began = time.perf_counter()
        bare()
        now = time.perf_counter()
        if (batch := next(source, None)) is None:
            return
        yield batch  # comes back when the next one is wanted
        pairs.append((time.perf_counter() - now, now - began))


def _bare_loop(network: torch.nn.Module, inputs: list[torch.Tensor]) -> Callable[[], None]:
    kept = []

    def step() -> None:
        with torch.inference_mode():
            kept.append(network(inputs[len(kept) % len(inputs)]))

    return step
