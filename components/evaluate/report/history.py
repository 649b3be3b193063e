"""The history of the training by epoch, drawn."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from components.evaluate.report import svg
from components.evaluate.report.text import finite, fixed, metric

MARKED = 40  # epochs up to which every point is marked
SPLITS = {"train": "training", "val": "validation"}


def by_epoch(
    rows: Sequence[Mapping[str, Any]], measure: str, title: str, best: int | None
) -> Markup | None:
    """Draws `train_<measure>` and `val_<measure>` by epoch.

    Args:
        rows: one an epoch, with "epoch" and the two values (None leaves a gap).
        measure: "loss", "balanced_acc" and the like.
        title: the vertical axis.
        best: the epoch to mark, or None.

    Returns:
        The drawing, or None when there is no value to show.
    """
    epochs = [float(row["epoch"]) for row in rows]
    series = {split: [finite(row.get(f"{split}_{measure}")) for row in rows] for split in SPLITS}
    values = [value for line_ in series.values() for value in line_ if value is not None]
    if not values:
        return None
    x = svg.Scale(min(epochs), max(epochs), 52, 346)
    room = 0.08 * (max(values) - min(values)) or 0.05
    y = svg.Scale(min(values) - room, max(values) + room, 218, 20)
    parts = [svg.axes(x, y, "Epoch", title, whole_x=True)]
    if best is not None and min(epochs) <= best <= max(epochs):
        anchor = "end" if x(best) > 300 else "start" if x(best) < 90 else "middle"
        parts.append(svg.line(x(best), y.start, x(best), y.end, "overall"))
        parts.append(svg.text(x(best), 12, f"best: epoch {best}", "note", text_anchor=anchor))
    told = []
    for split, line_ in series.items():
        points = [
            None if value is None else (x(epoch), y(value))
            for epoch, value in zip(epochs, line_, strict=True)
        ]
        parts.extend(_trace(points, split))
        known = [value for value in line_ if value is not None]
        if known:
            told.append(f"{SPLITS[split]} from {fixed(known[0])} to {fixed(known[-1])}")
    label = f"{title} over {len(rows)} epoch{'s' * (len(rows) != 1)}: {', '.join(told)}"
    return svg.drawing(360, 260, label, *parts)


def _trace(points: Sequence[tuple[float, float] | None], split: str) -> list[Markup]:
    parts: list[Markup] = []
    run: list[tuple[float, float]] = []
    for point in [*points, None]:
        if point is not None:
            run.append(point)
        elif run:
            parts.append(svg.path(run, f"trace {split}"))
            run = []
    if len(points) <= MARKED:
        marks = [point for point in points if point is not None]
        if split == "train":
            parts += [
                svg.element("circle", cx=px, cy=py, r=3, class_="mark train") for px, py in marks
            ]
        else:
            size = {"width": 6, "height": 6, "class_": "mark val"}
            parts += [svg.element("rect", x=px - 3, y=py - 3, **size) for px, py in marks]
    return parts


def counted_from_one(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Numbers the epochs as the training's own messages do, from 1; the history has them from 0."""
    numbers = [finite(row.get("epoch")) for row in rows]
    numbers = [float(i) if number is None else number for i, number in enumerate(numbers)]
    shift = 1 - min(numbers, default=1.0)
    return [{**row, "epoch": number + shift} for row, number in zip(rows, numbers, strict=True)]


def best_epoch(rows: Sequence[Mapping[str, Any]], selected: Any = None) -> tuple[int, str] | None:
    """Gives the epoch whose weights were kept, and why that one; None where that is not known.

    Args:
        rows: the history, epochs counted from 1.
        selected: what the training says it kept, e.g. "epoch 9, val_balanced_acc 0.6123".
    """
    told = re.match(r"epoch (\d+), (\w+)", str(selected or ""))
    if told:
        name = metric(told[2].removeprefix("val_"))
        return int(told[1]), f"best {name if name.isupper() else name.lower()} in validation"
    if selected:
        return None
    known = [
        (value, -row["epoch"])
        for row in rows
        if (value := finite(row.get("val_balanced_acc"))) is not None
    ]
    return (int(-max(known)[1]), "best balanced accuracy in validation") if known else None
