"""The times of a table's samples."""

import numpy as np


class Clock:
    """The sampling rate that a column of times tells.

    Args:
        period: seconds in the unit of the times.
    """

    def __init__(self, period: float) -> None:
        self._unit, self._first, self._last, self._step = period, None, None, None

    def add(self, times: np.ndarray, row: int) -> None:
        """Takes the next times (n,), the first of which is that of sample `row`.

        Raises:
            ValueError: they are not evenly spaced.
        """
        if self._last is not None:
            times, row = np.concatenate([[self._last], times]), row - 1
        steps = np.diff(times)
        if len(steps):
            self._step = float(np.median(steps)) if self._step is None else self._step
            odd = ~(np.abs(steps - self._step) <= 0.5 * abs(self._step)) | ~(steps > 0)
            if odd.any():
                place = int(np.argmax(odd))
                raise ValueError(
                    f"the time jumps from {times[place]:g} to {times[place + 1]:g} at sample "
                    f"{row + place + 2:,}; the samples must be evenly spaced"
                )
        self._first = times[0] if self._first is None else self._first
        self._last = times[-1]

    def rate(self, samples: int) -> float | None:
        """In Hz, to seven digits: times are rounded in the file."""
        if self._step is None:
            return None
        seconds = (self._last - self._first) * self._unit / (samples - 1)
        return float(f"{1 / seconds:.7g}")


def period_of(unit: str) -> float:
    """Seconds in one unit of a column of times."""
    periods = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6}
    if unit.strip() not in periods:
        raise ValueError(f"the times are in {unit!r}; known are s, ms and us")
    return periods[unit.strip()]
