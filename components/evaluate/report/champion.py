"""The new model beside the champion: numbers from the same windows."""

from collections.abc import Mapping
from typing import Any

from components.evaluate.report.tables import Column, table, words
from components.evaluate.report.text import DASH, METRICS, finite, fixed, metric, shorten


def versus(details: Mapping[str, Any]) -> dict[str, Any] | None:
    """Gives the table of both models' metrics, and who the champion is; None without one."""
    champion = details.get("champion") or {}
    theirs, ours = champion.get("metrics") or {}, details.get("metrics") or {}
    keys = [key for name in METRICS if (key := f"test_{name}") in ours or key in theirs]
    if not champion or not keys:
        return None
    rows = [
        {
            "metric": metric(key),
            "new": ours.get(key),
            "champion": theirs.get(key),
            "difference": _difference(ours.get(key), theirs.get(key)),
        }
        for key in keys
    ]
    columns = [words("metric", "Metric"), Column("new", "This model")]
    columns += [Column("champion", "Champion"), Column("difference", "Difference", _signed)]
    caption = "This model and the champion on the same test windows"
    return {
        "table": table(caption, columns, rows),
        "model": shorten(champion.get("model") or DASH, 16),
        "same": champion.get("model") == (details.get("evaluated") or {}).get("model"),
    }


def _difference(ours: Any, theirs: Any) -> float | None:
    ours, theirs = finite(ours), finite(theirs)
    return None if ours is None or theirs is None else ours - theirs


def _signed(value: Any) -> str:
    number = finite(value)
    return f"+{fixed(number)}" if number is not None and number > 0 else fixed(number)
