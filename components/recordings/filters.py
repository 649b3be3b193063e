"""Filters that run piece by piece and give what they would give on the whole recording."""

import math
from types import ModuleType

import numpy as np

from components.extras import require
from components.failures import InputError
from components.recordings.settings import Settings

_ORDER = 4
_QUALITY = 30  # of a notch: its width is a thirtieth of its frequency
_LEAST = 1e-6  # of the sampling rate: nearer to 0 or to its half, float64 lacks digits for a pole
_FORGOTTEN = 1e-12  # what is left of an impulse where we stop to look ahead


def designed(settings: Settings, rate: float) -> np.ndarray | None:
    """Second-order sections (n, 6) of band-pass and notches; None where nothing is filtered.

    A Butterworth filter of order 4 a corner. Forward and backward, its effect doubles.

    Raises:
        InputError: a frequency that a recording of this rate does not hold.
    """
    if not settings.filtered():
        return None
    signal = scipy_signal()
    wanted = {"--band": settings.low, "--band ": settings.high}
    wanted |= {f"--notch{' ' * n}": f for n, f in enumerate(settings.notch)}
    for key, frequency in wanted.items():
        if frequency is not None:
            _require_between(key.strip(), frequency, rate)
    sections = []
    corners = [corner for corner in (settings.low, settings.high) if corner is not None]
    if len(corners) == 2 and corners[1] - corners[0] < _LEAST * rate:
        raise InputError(
            f"--band: {corners[0]:.10g} and {corners[1]:.10g} Hz are not {_LEAST * rate:g} Hz "
            "apart, a millionth of the sampling rate; move the corners apart"
        )
    if corners:
        kind = "bandpass" if len(corners) == 2 else "highpass" if settings.low else "lowpass"
        corner = corners if len(corners) == 2 else corners[0]
        sections.append(signal.butter(_ORDER, corner, kind, fs=rate, output="sos"))
    for frequency in settings.notch:
        sections.append(signal.tf2sos(*signal.iirnotch(frequency, _QUALITY, fs=rate)))
    return np.concatenate(sections)


def _require_between(key: str, frequency: float, rate: float) -> None:
    """Refuses what has no place between 0 and half the rate, or too near to either."""
    least = _LEAST * rate
    if frequency < least:
        raise InputError(
            f"{key}: {frequency:g} Hz is below {least:g} Hz, a millionth of the sampling rate, and "
            "too low to be computed; ask for a higher one, or leave it out"
        )
    if frequency > rate / 2 - least:
        raise InputError(
            f"{key}: {frequency:g} Hz is not below {rate / 2:g} Hz, half the sampling rate"
        )


def scipy_signal() -> ModuleType:
    """`scipy.signal`, which those who neither filter nor resample need not have.

    Raises:
        InputError: it is not installed.
    """
    require("convert", "scipy")
    from scipy import signal

    return signal


def edge_of(sos: np.ndarray) -> int:
    """Samples by which `scipy.signal.sosfiltfilt` lengthens a recording at either end."""
    taps = 2 * len(sos) + 1
    taps -= min(np.count_nonzero(sos[:, 2] == 0), np.count_nonzero(sos[:, 5] == 0))
    return 3 * int(taps)


class Causal:
    """One pass forward, starting as if the first sample had lasted forever."""

    def __init__(self, sos: np.ndarray) -> None:
        self._signal, self._sos = scipy_signal(), sos
        self._state: np.ndarray | None = None

    def push(self, piece: np.ndarray) -> np.ndarray:
        """Takes the next samples (C, n) and gives as many."""
        if not piece.shape[1]:
            return piece
        if self._state is None:
            self._state = _settled(self._signal, self._sos, piece[:, 0])
        out, self._state = self._signal.sosfilt(self._sos, piece, zi=self._state)
        return out

    def finish(self) -> np.ndarray | None:
        """Nothing is kept back."""
        return None


class ZeroPhase:
    """Forward and backward, as `scipy.signal.sosfiltfilt` does with the whole recording.

    The forward pass keeps its state from piece to piece and is exact. The backward pass begins
    where an impulse in what is not known yet would have faded to a 1e-12th.
    """

    def __init__(self, sos: np.ndarray) -> None:
        self._signal, self._sos, self._edge = scipy_signal(), sos, edge_of(sos)
        self._ahead = _fading(self._signal, sos)
        self._forward = Causal(sos)
        self._raw: np.ndarray | None = None  # the start till it is long enough, then the end
        self._begun, self._skip = False, self._edge
        self._kept: list[np.ndarray] = []
        self._length = 0

    def push(self, piece: np.ndarray) -> np.ndarray | None:
        """Takes the next samples (C, n) and gives what is settled by them."""
        raw = piece if self._raw is None else np.concatenate([self._raw, piece], axis=1)
        if not self._begun:
            if raw.shape[1] <= self._edge:
                self._raw = raw
                return None
            piece = np.concatenate([_mirrored(raw[:, : self._edge + 1])[:, :-1], raw], axis=1)
            self._begun = True
        self._raw = raw[:, -(self._edge + 1) :].copy()
        self._keep(self._forward.push(piece))
        return self._settle(self._ahead) if self._length > 2 * self._ahead else None

    def finish(self) -> np.ndarray | None:
        """The rest; None of a recording shorter than `edge_of`."""
        if not self._begun:
            return None
        self._keep(self._forward.push(_mirrored(self._raw[:, ::-1])[:, ::-1][:, 1:]))
        return self._settle(0)[:, : -self._edge]

    def _keep(self, forward: np.ndarray) -> None:
        self._kept.append(forward)
        self._length += forward.shape[1]

    def _settle(self, ahead: int) -> np.ndarray:
        """The backward pass over all that is kept, but for the last `ahead`."""
        forward = np.concatenate(self._kept, axis=1)
        turned = forward[:, ::-1]
        state = _settled(self._signal, self._sos, turned[:, 0])
        out = self._signal.sosfilt(self._sos, turned, zi=state)[0][:, ::-1]
        done = out.shape[1] - ahead
        self._kept, self._length = [forward[:, done:].copy()], ahead
        first, self._skip = self._skip, max(0, self._skip - done)
        return out[:, first:done]


def _mirrored(start: np.ndarray) -> np.ndarray:
    """The odd extension of (C, edge + 1) samples to the left of the first, and the first."""
    return 2 * start[:, :1] - start[:, ::-1]


def _settled(signal, sos: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The filter's state after an eternity of the value `first` (C,)."""
    return signal.sosfilt_zi(sos)[:, None, :] * first[None, :, None]


def _fading(signal, sos: np.ndarray) -> int:
    """Samples after which an impulse has faded."""
    slowest = np.abs(signal.sos2zpk(sos)[1]).max()
    return math.ceil(1.2 * math.log(_FORGOTTEN) / math.log(slowest)) + 10 * len(sos)
