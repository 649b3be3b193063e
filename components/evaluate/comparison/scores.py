"""Numbers of several runs side by side: metrics, and the subjects' pairs."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from markupsafe import Markup

from components.evaluate.comparison.runs import Run, comparable
from components.evaluate.report.tables import Column, table, words
from components.evaluate.report.text import METRICS, finite, fixed, interval, metric
from components.folds import statistics

FALLING = ("loss",)  # metrics whose lower end is the better one
BY_SUBJECT = ("balanced_acc", "f1_score", "acc")
Row = dict[str, Any]


def keys(runs: Sequence[Run]) -> list[str]:
    """The metrics that any run has, in the usual order, without those of single outputs."""
    return [k for name in METRICS if any((k := f"test_{name}") in run.metrics for run in runs)]


def best(values: Sequence[Any], key: str) -> set[int]:
    """The places of the best values; none where there is nothing to choose."""
    known = {i: v for i, value in enumerate(values) if (v := finite(value)) is not None}
    if len(known) < 2 or len(set(known.values())) < 2:
        return set()
    end = min if key.removeprefix("test_") in FALLING else max
    top = end(known.values())
    return {i for i, value in known.items() if value == top}


def metrics_table(runs: Sequence[Run]) -> Row:
    """A row a metric, a column a run, with intervals; the best is marked if it can be told."""
    marked = comparable(runs)
    rows = []
    for key in keys(runs):
        top = best([run.metrics.get(key) for run in runs], key) if marked else set()
        cells = {str(i): _cell(run, key, i in top) for i, run in enumerate(runs)}
        rows.append({"metric": metric(key), **cells})
    return table("Test metrics by run", [words("metric", "Metric"), *columns(runs)], rows)


def columns(runs: Sequence[Run]) -> list[Column]:
    """A column a run, whose values are written already."""
    return [Column(str(i), run.name, lambda value: value) for i, run in enumerate(runs)]


def _cell(run: Run, key: str, top: bool) -> Any:
    value = fixed(run.metrics.get(key))
    if finite(run.metrics.get(key)) is None:
        return value
    shown = Markup('<strong class="best">{}</strong>') if top else Markup("{}")
    if bounds := interval(run.bounds.get(key)):
        shown += Markup('<br><span class="between">') + bounds + Markup("</span>")
    if (std := finite(run.spread.get(key))) is not None:
        shown += Markup('<br><span class="between">\N{PLUS-MINUS SIGN} {}</span>').format(
            fixed(std)
        )
    return shown.format(value)


def subject_metric(runs: Sequence[Run]) -> str | None:
    """What subjects are compared by: the first that all runs know of each of theirs."""
    rows = [row for run in runs for row in run.subjects.values()]
    if not rows or not all(run.subjects for run in runs):
        return None
    return next(
        (k for k in BY_SUBJECT if any(finite(row.get(k)) is not None for row in rows)), None
    )


def subjects_table(runs: Sequence[Run]) -> Row | None:
    """A row a subject, a column a run; paired, the best is marked."""
    if (key := subject_metric(runs)) is None:
        return None
    paired = comparable(runs)
    rows = []
    for name in dict.fromkeys(name for run in runs for name in run.subjects):
        values = [run.subjects.get(name, {}).get(key) for run in runs]
        top = best(values, key) if paired else set()
        shown = [
            Markup('<strong class="best">{}</strong>').format(fixed(v)) if i in top else fixed(v)
            for i, v in enumerate(values)
        ]
        rows.append({"subject": name, **{str(i): cell for i, cell in enumerate(shown)}})
    head = [words("subject", "Subject"), *columns(runs)]
    return table(f"{metric(key)} by subject", head, rows)


def pairs(runs: Sequence[Run]) -> list[Row]:
    """Each further run against the first, by the subjects' differences.

    Returns:
        A row a run: its `name`, how many `subjects`, the mean `difference`, its `interval`, for
        how many it is `higher` and `lower`, and the exact signed-rank test's `p` with the `least_p`
        that so many pairs can give; none where the test data differ or name no subjects.
    """
    key = subject_metric(runs)
    if key is None or not comparable(runs):
        return []
    first, *others = runs
    return [row for run in others if (row := _pair(first.subjects, run, key))]


def _pair(first: Mapping[str, Row], run: Run, key: str) -> Row | None:
    both = [(first[n].get(key), run.subjects[n].get(key)) for n in first if n in run.subjects]
    known = [(a, b) for a, b in both if finite(a) is not None and finite(b) is not None]
    if not known:
        return None
    differences = statistics.differences(known)
    tested = statistics.signed_rank(differences)
    bounds = statistics.bootstrap(differences)
    return {
        "name": run.name,
        "subjects": len(known),
        "difference": mean(differences),
        "interval": list(bounds) if bounds else None,
        "higher": sum(d > 0 for d in differences),
        "lower": sum(d < 0 for d in differences),
        "p": tested.p if tested else None,
        "least_p": statistics.least_p(tested),
    }
