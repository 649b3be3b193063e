"""A row of the table: two ways of doing the same, measured in turns, against a bar."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Measured = Callable[[], float]


@dataclass(frozen=True)
class Bar:
    """What a row has to reach: at most, or at least, `limit` (in `unit`; "" is a ratio)."""

    limit: float
    at_least: bool = False
    unit: str = ""

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g} {self.unit}".rstrip()

    def met(self, value: float) -> bool:
        """Whether a value reaches it."""
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        values: one a round; what the bar is about is their median.
        ours, reference: what was measured of each, as text with its unit.
        note: what a reader must know to believe it, such as why a bar is missed.
    """

    what: str
    bar: str
    values: list[float]
    met: bool
    ours: str
    reference: str
    note: str = ""

    @property
    def median(self) -> float:
        """What is held against the bar."""
        return statistics.median(self.values)

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


def interleaved(ours: Measured, reference: Measured, rounds: int) -> list[tuple[float, float]]:
    """Measures both in turns, once each unrecorded, so that a busy machine hits both alike.

    Returns:
        (ours, reference) of each round; every other round begins with the reference.
    """
    ours(), reference()
    pairs = []
    for number in range(rounds):
        if number % 2:
            second = reference()
            pairs.append((ours(), second))
        else:
            first = ours()
            pairs.append((first, reference()))
    return pairs


def timed(work: Callable[[], Any]) -> Measured:
    """Measures the seconds that something takes."""

    def measured() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return measured


def compared(
    what: str,
    bar: Bar,
    pairs: Sequence[tuple[float, float]],
    *,
    value: Callable[[float, float], float] = lambda ours, reference: ours / reference,
    shown: Callable[[float], str],
    note: str = "",
) -> Row:
    """Makes a row of the rounds of `interleaved`.

    Args:
        value: what is held against the bar, of one round; the quotient unless told.
        shown: a measured number as text with its unit.
    """
    values = [value(*pair) for pair in pairs]
    ours, reference = (shown(statistics.median(column)) for column in zip(*pairs, strict=True))
    met = bar.met(statistics.median(values))
    return Row(what, str(bar), values, met, ours, reference, note)
