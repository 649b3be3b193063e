"""Results of parts of the test split: outputs, subjects, recordings."""

from collections.abc import Mapping
from typing import Any

from components.evaluate.report import spread, tables
from components.evaluate.report.tables import counts, table, words
from components.evaluate.report.text import finite, metric, plural

KINDS = {"output": ("output",), "subject": ("subject",), "recording": ("subject", "recording")}
SHOWN = ("balanced_acc", "f1_score", "auroc")


def groups(details: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Gives table and chart for each kind of part that the details tell of.

    Returns:
        Entries with "what" ("output", "subject" or "recording"), "number" (how many, in words),
        "table" and "svg".
    """
    return [_group(details, what, rows) for what in KINDS if (rows := details.get(f"by_{what}"))]


def _group(details: Mapping[str, Any], what: str, rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    measures = [column.key for column in tables.scores(rows)]
    shown = [key for key in SHOWN if tables.extremes(rows, key)]
    shown = shown or [key for key in measures if tables.extremes(rows, key)][:1]
    drawn = None
    if shown and len(rows) <= spread.ROWS:
        overall = finite((details.get("metrics") or {}).get(f"test_{shown[0]}"))
        names = [_name(row, what) for row in rows]
        values = [row.get(shown[0]) for row in rows]
        drawn = spread.dots(names, values, metric(shown[0]), overall, what)
    elif shown:
        drawn = spread.swarm([(metric(k), [row.get(k) for row in rows]) for k in shown], what)
    columns = [words(key, key.capitalize()) for key in KINDS[what]]
    columns += [counts("windows", "Windows"), *tables.scores(rows)]
    listed = table(f"Results by {what}", columns, rows)
    return {"table": listed, "svg": drawn, "number": plural(len(rows), what), "what": what}


def _name(row: Mapping[str, Any], what: str) -> str:
    names = [str(row[key]) for key in KINDS[what] if row.get(key) is not None]
    return names[-1] if len(names) > 1 and names[1].startswith(names[0]) else " / ".join(names)
