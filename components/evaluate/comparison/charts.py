"""The histories of several runs over each other."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from components.evaluate.comparison.runs import Run
from components.evaluate.report import history, svg
from components.evaluate.report.text import finite, fixed

MEASURES = {
    "val_loss": "Validation loss",
    "val_balanced_acc": "Validation balanced accuracy",
    "train_loss": "Training loss",
    "train_balanced_acc": "Training balanced accuracy",
}


def style(index: int) -> str:
    """The line of a run; the same in all charts."""
    return f"line c{index % svg.PALETTE}"


def histories(runs: Sequence[Run]) -> list[Markup]:
    """A chart for each measure that any run has recorded."""
    past = [history.counted_from_one(run.history) for run in runs]
    drawn = (_over_each_other(runs, past, key, title) for key, title in MEASURES.items())
    return [chart for chart in drawn if chart is not None]


def _over_each_other(
    runs: Sequence[Run], past: Sequence[list[dict[str, Any]]], key: str, title: str
) -> Markup | None:
    lines = [
        [(row["epoch"], value) for row in rows if (value := finite(row.get(key))) is not None]
        for rows in past
    ]
    points = [point for line in lines for point in line]
    if not points:
        return None
    epochs, values = zip(*points, strict=True)
    room = 0.08 * (max(values) - min(values)) or 0.05
    x = svg.Scale(min(epochs), max(epochs), 52, 346)
    y = svg.Scale(min(values) - room, max(values) + room, 218, 20)
    parts, told = [svg.axes(x, y, "Epoch", title, whole_x=True)], []
    for index, (run, line) in enumerate(zip(runs, lines, strict=True)):
        if not line:
            continue
        told.append(f"{run.name} from {fixed(line[0][1])} to {fixed(line[-1][1])}")
        parts.append(svg.path([(x(epoch), y(value)) for epoch, value in line], style(index)))
        end_x, end_y = x(line[-1][0]), y(line[-1][1])
        parts.append(svg.element("circle", cx=end_x, cy=end_y, r=2.6, class_="dot small"))
    return svg.drawing(360, 260, f"{title} by epoch: {'; '.join(told)}", *parts)
