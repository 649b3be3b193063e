"""Values that are not finite: held over, and remembered, so that no filter spreads them."""

from bisect import bisect_left, bisect_right

import numpy as np

_LARGEST = np.finfo(np.float32).max  # windows are float32: beyond it, a value is not finite


def good(piece: np.ndarray) -> np.ndarray:
    """Which values (C, n) are finite, and are so in a window."""
    return np.abs(piece) <= _LARGEST


class Mending:
    """Puts the last good value of a channel in the place of one that is not finite.

    A NaN that got into a filter would never leave it.

    Args:
        channels: how many.
        sampling_rate: of what is pushed.
    """

    def __init__(self, channels: int, sampling_rate: float) -> None:
        self._last = np.zeros((channels, 1))
        self._rate, self._seen = sampling_rate, 0
        self.holes: list[tuple[float, float]] = []  # spans in seconds, ascending, still of interest

    def begin(self, values: np.ndarray) -> None:
        """Takes what stands (C, 1) before the first good value of each channel; 0 otherwise."""
        self._last = values

    def push(self, piece: np.ndarray) -> np.ndarray:
        """Takes the next samples (C, n) and gives as many, all finite."""
        usable = good(piece)
        if not usable.all():
            self._remember(~usable.all(axis=0))
            piece = _held(np.where(usable, piece, 0.0), usable, self._last)
        self._seen += piece.shape[1]
        if piece.shape[1]:
            self._last = piece[:, -1:].copy()
        return piece

    def whole(self, start: float, stop: float) -> bool:
        """Whether no hole lies between two times in seconds."""
        place = bisect_left(self.holes, (stop, -1.0))
        return place == 0 or self.holes[place - 1][1] <= start

    def forget(self, before: float) -> None:
        """Drops holes that end before a time in seconds."""
        del self.holes[: bisect_right(self.holes, before, key=lambda hole: hole[1])]

    def _remember(self, bad: np.ndarray) -> None:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], bad.astype(np.int8), [0]])))
        for start, stop in (edges.reshape(-1, 2) + self._seen) / self._rate:
            if self.holes and self.holes[-1][1] >= start:
                start = self.holes.pop()[0]
            self.holes.append((float(start), float(stop)))


def _held(piece: np.ndarray, usable: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Each value that is not usable replaced by the last usable one before it."""
    joined = np.concatenate([last, piece], axis=1)
    usable = np.concatenate([np.ones_like(last, dtype=bool), usable], axis=1)
    places = np.where(usable, np.arange(joined.shape[1]), 0)
    np.maximum.accumulate(places, axis=1, out=places)
    return np.take_along_axis(joined, places, axis=1)[:, 1:]
