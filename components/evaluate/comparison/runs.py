"""Finished runs as a comparison sees them: one training and its test, or several of them as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NO_SETTINGS = ("provenance", "subjects", "resume", "tracking")  # facts, and no part of the model
Row = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What is known of one run.

    Attributes:
        name: by which the comparison calls it, unique among all.
        path: as it was given.
        kind: `one test`, or how many folds or seeds.
        test: what tells its test data; runs are comparable where this is the same.
        settings: the resolved configuration by dotted keys; empty where it is not there.
        metrics: value by key of `metrics.json`; the mean over folds or seeds.
        bounds: the 95 % interval by the same keys.
        spread: the standard deviation over folds or seeds by the same keys.
        method: how the intervals were made.
        subjects: results by subject.
        history: one row an epoch.
        rates: learning rates, one row a part.
        details: the content of `details.json`, of the first fold or seed.
    """

    name: str
    path: str
    kind: str
    test: str
    settings: Row
    metrics: dict[str, float | None]
    bounds: dict[str, Sequence[float]] = field(default_factory=dict)
    spread: dict[str, float] = field(default_factory=dict)
    method: str = ""
    subjects: dict[str, Row] = field(default_factory=dict)
    history: list[Row] = field(default_factory=list)
    rates: list[Row] = field(default_factory=list)
    details: Mapping[str, Any] = field(default_factory=dict)


def flat(node: Mapping[str, Any], prefix: str = "") -> Row:
    """A resolved configuration by dotted keys; lists stay whole."""
    found: Row = {}
    for key, value in node.items():
        if not prefix and key in NO_SETTINGS:
            continue
        name = f"{prefix}{key}"
        found |= flat(value, f"{name}.") if isinstance(value, Mapping) and value else {name: value}
    return found


def differing(runs: Sequence[Run]) -> list[str]:
    """The settings that are not the same in all runs whose settings are known."""
    known = [run.settings for run in runs if run.settings]
    names = sorted({name for settings in known for name in settings})
    absent = object()
    return [
        name
        for name in names
        if any(s.get(name, absent) != known[0].get(name, absent) for s in known[1:])
    ]


def comparable(runs: Sequence[Run]) -> bool:
    """Whether all were tested on the same windows, for the same task."""
    return len({(run.test, str(_task(run))) for run in runs}) == 1


def _task(run: Run) -> tuple[Any, Any]:
    kind = run.details.get("classification_type")
    return "mcc" if kind == "ml" else kind, run.details.get("classes")


def mean_history(histories: Sequence[Sequence[Row]]) -> list[Row]:
    """The mean by epoch, over the epochs that all have reached."""
    rows = []
    for together in zip(*histories, strict=False):
        row: Row = {"epoch": together[0].get("epoch")}
        for key in together[0]:
            values = [other.get(key) for other in together]
            if key != "epoch" and None not in values:
                row[key] = sum(values) / len(values)
        rows.append(row)
    return rows


def mean_subjects(tables: Sequence[Sequence[Row]]) -> dict[str, Row]:
    """Each subject's mean over seeds; None where a seed has no value."""
    by_name: dict[str, list[Row]] = {}
    for row in (row for table in tables for row in table):
        by_name.setdefault(str(row["subject"]), []).append(row)
    return {name: _mean_row(rows) | {"subject": name} for name, rows in by_name.items()}


def _mean_row(rows: Sequence[Row]) -> Row:
    found: Row = {}
    for key in rows[0]:
        values = [row.get(key) for row in rows]
        numbers = all(isinstance(value, int | float) for value in values)
        found[key] = sum(values) / len(values) if numbers else None
    return found
