"""The result: a number for each metric, or the reason why there is none."""

import math
from collections.abc import Sequence
from typing import NamedTuple, Self

NO_WINDOW = "no window"


class Scores(NamedTuple):
    """Metrics by name, without a prefix.

    Attributes:
        values: finite numbers, or None.
        undefined: a reason for every None; also what an average leaves out.
    """

    values: dict[str, float | None]
    undefined: dict[str, str]

    @classmethod
    def empty(cls, names: Sequence[str]) -> Self:
        """The scores of no window at all."""
        return cls(dict.fromkeys(names), dict.fromkeys(names, NO_WINDOW))

    @classmethod
    def averaged(
        cls,
        columns: dict[str, Sequence[float]],
        parts: dict[str, Sequence[str]],
        reasons: dict[str, Sequence[str]],
    ) -> Self:
        """Means over the parts (classes or labels) in which a metric is defined.

        Args:
            columns: for each metric one number a part; NaN where it is undefined.
            parts: for each metric the names of its parts.
            reasons: for each metric why it would be undefined in a part.
        """
        values: dict[str, float | None] = {}
        undefined = {}
        for name, column in columns.items():
            kept = [value for value in column if not math.isnan(value)]
            values[name] = math.fsum(kept) / len(kept) if kept else None
            if len(kept) < len(column):
                undefined[name] = _left_out(column, parts[name], reasons[name])
        return cls(values, undefined)


def _left_out(column: Sequence[float], parts: Sequence[str], reasons: Sequence[str]) -> str:
    if len(column) == 1:
        return reasons[0]
    missing = [
        f"{part} ({reason})"
        for value, part, reason in zip(column, parts, reasons, strict=True)
        if math.isnan(value)
    ]
    return f"left out: {', '.join(missing)}"
