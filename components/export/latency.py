"""How long a batch takes on this machine's CPU."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

BATCHES = (1, 32)
_TIMES, _SECONDS = 50, 4.0  # at most, each


def measure(runs: dict[str, Callable[[np.ndarray], Any]], windows: np.ndarray) -> dict[str, Any]:
    """Median milliseconds of each way to run, taken in turns so that all meet the same machine.

    Args:
        runs: by name.
        windows: (N, C, T); repeated where a batch is larger.
    """
    found: dict[str, Any] = {}
    for size in BATCHES:
        batch = np.resize(windows, (size, *windows.shape[1:]))
        for run in runs.values():
            run(batch)
        taken: dict[str, list[float]] = {name: [] for name in runs}
        end = time.perf_counter() + _SECONDS
        while len(next(iter(taken.values()))) < _TIMES and time.perf_counter() < end:
            for name, run in runs.items():
                taken[name].append(_milliseconds(run, batch))
        found[f"batch_{size}"] = _medians(taken)
    return found


def _milliseconds(run: Callable[[np.ndarray], Any], batch: np.ndarray) -> float:
    start = time.perf_counter()
    run(batch)
    return 1000 * (time.perf_counter() - start)


def _medians(taken: dict[str, Sequence[float]]) -> dict[str, Any]:
    medians = {f"{name}_ms": round(statistics.median(times), 3) for name, times in taken.items()}
    return {**medians, "repeats": len(next(iter(taken.values())))}
