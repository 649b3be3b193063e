"""Polyphase resampling, piece by piece, with the result of resampling the whole recording."""

import math
from fractions import Fraction

import numpy as np

from components.failures import InputError
from components.recordings.filters import scipy_signal

_MOST = 20_000  # of the ratio's numbers: the filter has twenty times as many taps
_EXACT = 1e-9


def ratio(rate: float, wanted: float, where: str) -> Fraction:
    """The ratio of two sampling rates in small whole numbers.

    Raises:
        InputError: there is none, so that times would drift.
    """
    exact = Fraction(wanted) / Fraction(rate)
    found = exact.limit_denominator(_MOST)
    off = abs(found / exact - 1) if found else 1
    if off > _EXACT or found.numerator > _MOST:
        raise InputError(
            f"{where}: {rate:.10g} Hz can't be resampled to {wanted:.10g} Hz: their ratio takes "
            f"numbers above {_MOST:,}; ask for another rate, or state the file's own with "
            "--sampling-rate"
        )
    return found


def length(samples: int, ratio: Fraction) -> int:
    """Samples after resampling."""
    return -(-samples * ratio.numerator // ratio.denominator)


class Resampling:
    """`scipy.signal.resample_poly(whole, up, down, padtype="edge")` of what is pushed.

    Pieces overlap by the length of the filter, and are cut where an output falls on an input.
    """

    def __init__(self, ratio: Fraction) -> None:
        self._signal = scipy_signal()
        self._up, self._down = ratio.numerator, ratio.denominator
        widest = max(self._up, self._down)
        taps = self._signal.firwin(20 * widest + 1, 1 / widest, window=("kaiser", 5.0))
        self._taps = taps
        reach = 10 * widest // self._up + 1
        self._margin = -(-reach // self._down) * self._down
        self._kept: list[np.ndarray] = []
        self._length = 0
        self._first = True

    def push(self, piece: np.ndarray) -> np.ndarray | None:
        """Takes the next samples (C, n) and gives what is settled by them."""
        self._kept.append(piece)
        self._length += piece.shape[1]
        context = 0 if self._first else self._margin
        blocks = (self._length - context - self._margin) // self._down
        if blocks * self._down < self._margin:
            return None
        held = np.concatenate(self._kept, axis=1)
        used = context + blocks * self._down
        out = self._resampled(held[:, : used + self._margin])
        out = out[:, self._out(context) : self._out(used)]
        self._kept = [held[:, used - self._margin :].copy()]
        self._length, self._first = self._kept[0].shape[1], False
        return out

    def finish(self) -> np.ndarray | None:
        """The rest."""
        held = np.concatenate(self._kept, axis=1)
        if not held.shape[1]:
            return None
        return self._resampled(held)[:, 0 if self._first else self._out(self._margin) :]

    def _out(self, samples: int) -> int:
        return math.ceil(samples * self._up / self._down)

    def _resampled(self, held: np.ndarray) -> np.ndarray:
        return self._signal.resample_poly(
            held, self._up, self._down, axis=1, window=self._taps, padtype="edge"
        )
