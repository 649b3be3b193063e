"""Tables as the template wants them: a caption, a head, and cells that are already written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.evaluate.report.text import DASH, METRICS, count, finite, fixed, metric, shorten

LONG = 20  # rows beyond which a table scrolls by itself


@dataclass(frozen=True)
class Column:
    """One column: the key of its values, its heading, and how a value is written."""

    key: str
    label: str
    write: Callable[[Any], Any] = fixed
    numeric: bool = True


def words(key: str, label: str) -> Column:
    """Gives a column of text."""
    return Column(
        key, label, lambda value: DASH if value is None else shorten(value, 80), numeric=False
    )


def counts(key: str, label: str) -> Column:
    """Gives a column of counts."""
    return Column(key, label, count)


def scores(rows: Iterable[Mapping[str, Any]]) -> list[Column]:
    """Gives a column for every metric that the rows carry, in the usual order."""
    carried = {key for row in rows for key in row}
    order = [key for key in METRICS if key in carried and key != "loss"]
    return [Column(key, metric(key)) for key in order]


def table(
    caption: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Writes the cells of a table; columns whose key no row carries are left out.

    Args:
        caption: the table's caption.
        columns: the first one heads the rows.
        rows: values by key.

    Returns:
        "caption", "head" (label, numeric), "body" (rows of cells with "text", "numeric" and
        "missing"), "missing" (whether any number is), "long".
    """
    carried = {key for row in rows for key in row}
    columns = [column for column in columns if column.key in carried]
    body = [[_cell(column, row.get(column.key)) for column in columns] for row in rows]
    return {
        "caption": caption,
        "head": [{"label": column.label, "numeric": column.numeric} for column in columns],
        "body": body,
        "missing": any(cell["missing"] for row in body for cell in row),
        "long": len(rows) > LONG,
    }


def _cell(column: Column, value: Any) -> dict[str, Any]:
    written = column.write(value)
    missing = column.numeric and not hasattr(written, "__html__") and written == DASH
    return {"text": written, "numeric": column.numeric, "missing": missing}


def extremes(rows: Sequence[Mapping[str, Any]], key: str) -> tuple[float, float] | None:
    """Gives the lowest and highest finite value under a key."""
    known = [value for row in rows if (value := finite(row.get(key))) is not None]
    return (min(known), max(known)) if known else None
