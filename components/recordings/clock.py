"""The times of a table's samples."""

import numpy as np

_DIGITS = 9  # behind the point, that times are rounded to


class Clock:
    """The sampling rate that a column of times tells.

    Args:
        period: seconds in the unit of the times.
        said: the rate in Hz that the user says, which wins if the times are its, rounded.
    """

    def __init__(self, period: float, said: float | None = None) -> None:
        self._unit, self._first, self._last, self._step = period, None, None, None
        self._said, self._digits, self._fault = said, 0, None

    def add(self, times: np.ndarray, row: int) -> None:
        """Takes the next times (n,), the first of which is that of sample `row`.

        Raises:
            ValueError: they are not evenly spaced.
        """
        self._first = times[0] if self._first is None else self._first
        if self._said is not None and not self._are_said(times, row):
            self._said = None
        self._fault = self._fault or self._jump(times, row)
        if self._fault and self._said is None:
            raise ValueError(self._fault)
        self._last = times[-1]

    def rate(self, samples: int) -> float | None:
        """In Hz, to seven digits: times are rounded in the file."""
        if self._step is None or self._said is not None:
            return self._said
        seconds = (self._last - self._first) * self._unit / (samples - 1)
        return float(f"{1 / seconds:.7g}")

    def _are_said(self, times: np.ndarray, row: int) -> bool:
        """Whether the times are those of the rate that is said, as far as their digits go."""
        while self._digits < _DIGITS and not np.array_equal(times, times.round(self._digits)):
            self._digits += 1
        elapsed = np.arange(row, row + len(times)) / (self._said * self._unit)
        # Both ends are rounded, by half a digit each; a rate is told to seven digits.
        allowed = 10.0**-self._digits + 1e-7 * elapsed + 2 * np.spacing(np.abs(times))
        return bool((np.abs(times - self._first - elapsed) <= allowed).all())

    def _jump(self, times: np.ndarray, row: int) -> str | None:
        """What is told of times that are not evenly spaced."""
        if self._last is not None:
            times, row = np.concatenate([[self._last], times]), row - 1
        steps = np.diff(times)
        if not len(steps):
            return None
        self._step = float(np.median(steps)) if self._step is None else self._step
        odd = ~(np.abs(steps - self._step) <= 0.5 * abs(self._step)) | ~(steps > 0)
        if not odd.any():
            return None
        place = int(np.argmax(odd))
        return (
            f"the time jumps from {times[place]:g} to {times[place + 1]:g} at sample "
            f"{row + place + 2:,}; the samples must be evenly spaced (if the times are rounded, "
            "say the rate by --sampling-rate)"
        )


def period_of(unit: str) -> float:
    """Seconds in one unit of a column of times."""
    periods = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6}
    if unit.strip() not in periods:
        raise ValueError(f"the times are in {unit!r}; known are s, ms and us")
    return periods[unit.strip()]
