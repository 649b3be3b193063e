"""The end of a run on the terminal: the test metrics, and where the report lies."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from components import artifacts


def show(evaluation: Path) -> None:
    """Prints the test metrics with their intervals, then the report's path.

    Args:
        evaluation: the folder that the step evaluate leaves.
    """
    metrics = json.loads((evaluation / artifacts.METRICS).read_text())
    details = json.loads((evaluation / artifacts.DETAILS).read_text())
    reasons, intervals = metrics.get("undefined", {}), details.get("intervals", {})
    note = details.get("interval_method" if intervals else "interval_reason", "")
    table = Table(title=details.get("title", ""), caption=note)
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
        table.add_row(name.removeprefix("test_"), shown, *([interval] if intervals else []))
    console = Console()
    console.print(table)
    console.print(f"Report: {evaluation / artifacts.REPORT}", soft_wrap=True, highlight=False)
