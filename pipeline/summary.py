"""The end of a run on the terminal: the test metrics, and where the report lies."""

import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components import artifacts
from components.folds.summary import KIND
from pipeline.cross_validation import table_of_folds


def show(out: Path) -> None:
    """Prints the test metrics and the report's path; for seeds or folds, mean and spread.

    Args:
        out: the run's folder. Of a retraining that was skipped there is nothing to show.
    """
    console = Console(emoji=False)  # a name may look like one, or like markup
    for folder, table, report in (
        (out / "evaluation", _evaluation, artifacts.REPORT),
        (out / "summary", _repeated, artifacts.SUMMARY_REPORT),
    ):
        if folder.exists():
            console.print(table(folder))
            line = f"Report: {folder / report}"
            console.print(line, soft_wrap=True, highlight=False, markup=False)


def _repeated(folder: Path) -> Table:
    summary = json.loads((folder / artifacts.SUMMARY).read_text())
    if summary.get("kind") == KIND:
        return table_of_folds(summary)
    seeds = summary["seeds"]
    table = Table(title=f"seeds {', '.join(map(str, seeds))}")
    for column in ("test metric", "mean", "standard deviation"):
        table.add_column(column, justify="left" if column == "test metric" else "right")
    for name, spread in summary["metrics"].items():
        shown = [
            "undefined" if value is None else f"{value:.4f}"
            for value in (spread["mean"], spread["std"])
        ]
        table.add_row(escape(name.removeprefix("test_")), *shown)
    return table


def _evaluation(evaluation: Path) -> Table:
    metrics = json.loads((evaluation / artifacts.METRICS).read_text())
    details = json.loads((evaluation / artifacts.DETAILS).read_text())
    reasons, intervals = metrics.get("undefined", {}), details.get("intervals", {})
    note = details.get("interval_method" if intervals else "interval_reason", "")
    table = Table(title=escape(details.get("title", "")), caption=escape(note))
    table.add_column("test metric")
    table.add_column("value", justify="right")
    if intervals:
        table.add_column("95 % interval", justify="right")
    for name, value in metrics.items():
        if name == "undefined":
            continue
        shown = f"{value:.4f}" if value is not None else f"undefined: {reasons.get(name, '')}"
        low, high = intervals.get(name) or (None, None)
        interval = f"{low:.4f} to {high:.4f}" if low is not None and high is not None else ""
        cells = [name.removeprefix("test_"), shown, *([interval] if intervals else [])]
        table.add_row(*map(escape, cells))
    return table
