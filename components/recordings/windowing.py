"""Cuts windows out of a signal that comes in pieces."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from components.recordings.mending import Mending

_MOST = 2**21  # values of a batch: 8 MiB


@dataclass(frozen=True)
class Batch:
    """Some windows of a recording.

    Attributes:
        places: (n,) which of the windows asked for.
        starts: (n,) their first samples.
        data: (n, C, T) float32.
        finite: (n,) whether every value that went into the window was, and is in it.
    """

    places: np.ndarray
    starts: np.ndarray
    data: np.ndarray
    finite: np.ndarray


def cut(
    pieces: Iterator[np.ndarray],
    starts: np.ndarray,
    window: int,
    rate: float,
    mendings: list[Mending],
) -> Iterator[Batch]:
    """The windows of `window` samples at `starts` (N,), ascending, of pieces (C, n).

    Args:
        rate: of the pieces in Hz, to find the holes of `mendings`.
    """
    held, base, done = None, 0, 0
    for piece in pieces:
        held = piece if held is None else np.concatenate([held, piece], axis=1)
        end = base + held.shape[1]
        stop = int(np.searchsorted(starts, end - window, side="right"))
        step = max(1, _MOST // (len(held) * window))
        for low in range(done, stop, step):
            places = np.arange(low, min(low + step, stop))
            yield _batch(held, base, starts, places, window, rate, mendings)
        done = max(done, stop)
        needed = min(int(starts[done]), end) if done < len(starts) else end
        held, base = held[:, needed - base :], needed
        for mending in mendings:
            mending.forget(base / rate)
        if done == len(starts):
            return


def _batch(held, base, starts, places, window, rate, mendings: list[Mending]) -> Batch:
    """The windows at `places` of `starts`, all of which lie in `held`, which begins at `base`."""
    chosen = starts[places]
    data = np.empty((len(places), len(held), window), np.float32)
    finite = np.ones(len(places), dtype=bool)
    with np.errstate(over="ignore"):  # a filter may overshoot what float32 holds
        for row, start in enumerate(chosen.tolist()):
            data[row] = held[:, start - base : start - base + window]
            finite[row] = all(m.whole(start / rate, (start + window) / rate) for m in mendings)
    finite &= np.isfinite(data).all(axis=(1, 2))
    return Batch(places, chosen, data, finite)
