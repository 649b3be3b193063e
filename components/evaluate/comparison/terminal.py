"""A comparison on the terminal, and as JSON."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.evaluate.comparison import scores
from components.evaluate.comparison.cautions import sentences
from components.evaluate.comparison.runs import Run, comparable, differing
from components.evaluate.report.text import finite


def show(runs: Sequence[Run], setting) -> None:
    """Prints the settings that differ, the metrics, and what to bear in mind.

    Args:
        setting: writes one run's value of a setting.
    """
    console = Console(emoji=False)  # a name may look like one
    console.print(_table(runs, setting))
    for sentence in sentences(runs):
        console.print(f"! {sentence}", soft_wrap=True, highlight=False, markup=False)


def _table(runs: Sequence[Run], setting) -> Table:
    table = Table(caption="* the best number of its row" if comparable(runs) else "")
    table.add_column("", overflow="fold")
    for run in runs:
        table.add_column(escape(run.name), justify="right")
    for name in differing(runs):
        table.add_row(escape(name), *(escape(setting(run, name)) for run in runs))
    table.add_section()
    for key in scores.keys(runs):
        values = [run.metrics.get(key) for run in runs]
        top = scores.best(values, key) if comparable(runs) else set()
        shown = [_number(value, i in top) for i, value in enumerate(values)]
        table.add_row(key.removeprefix("test_"), *shown)
    return table


def _number(value: Any, top: bool) -> str:
    number = finite(value)
    if number is None:
        return "undefined"
    return f"[bold]{number:.4f}*[/bold]" if top else f"{number:.4f} "


def plain(runs: Sequence[Run]) -> dict[str, Any]:
    """The comparison as plain JSON data."""
    return {
        "comparable": comparable(runs),
        "runs": [
            {
                "name": run.name,
                "path": run.path,
                "kind": run.kind,
                "test": run.test,
                "metrics": run.metrics,
                "intervals": run.bounds,
                "std": run.spread,
                "settings": {name: run.settings.get(name) for name in differing(runs)},
            }
            for run in runs
        ],
        "metric_by_subject": scores.subject_metric(runs),
        "by_subject": {run.name: list(run.subjects.values()) for run in runs},
        "pairs": scores.pairs(runs),
        "cautions": sentences(runs),
    }
