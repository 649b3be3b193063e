"""ROC and precision-recall curves, one line a class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from components.evaluate.report import svg
from components.evaluate.report.text import finite, fixed

WIDTH, HEIGHT = 360, 356
X = svg.Scale(0, 1, 46, 350)
Y = svg.Scale(0, 1, 314, 10)


def roc(curves: Sequence[Mapping[str, Any]], areas: Mapping[str, Any]) -> Markup:
    """Draws true against false positive rate, with the diagonal of a guess.

    Args:
        curves: one entry a class, with "class", "fpr" and "tpr" (each in 0..1).
        areas: AUROC by class name; a class may be missing or None.
    """
    lines = _lines(curves, "fpr", "tpr", areas, step=False)
    diagonal = svg.line(X(0), Y(0), X(1), Y(1), "baseline")
    mean = _mean_roc(curves) if len(curves) > 1 else None
    bold = (
        svg.path(list(zip(map(X, mean[0]), map(Y, mean[1]), strict=True)), "mean") if mean else ""
    )
    frame = svg.axes(X, Y, "False positive rate", "True positive rate")
    label = f"ROC curves, {_summary(curves, areas, 'AUROC')}"
    return svg.drawing(WIDTH, HEIGHT, label, frame, diagonal, lines, bold)


def precision_recall(
    curves: Sequence[Mapping[str, Any]],
    areas: Mapping[str, Any],
    prevalences: Sequence[float],
) -> Markup:
    """Draws precision against recall, with the precision of a guess: the prevalence.

    Args:
        curves: one entry a class, with "class", "recall" and "precision" (each in 0..1).
        areas: AUPR by class name; a class may be missing or None.
        prevalences: share of each curve's class in the truth, in 0..1; empty if unknown.
    """
    base: list[Markup] = []
    if prevalences:
        low, high = min(prevalences), max(prevalences)
        y, height = Y(high), max(Y(low) - Y(high), 0.0)
        band = {"x": X(0), "y": y, "width": X(1) - X(0), "height": height}
        base.append(svg.element("rect", class_="band", **band))
        middle = sum(prevalences) / len(prevalences)
        base.append(svg.line(X(0), Y(middle), X(1), Y(middle), "baseline"))
    lines = _lines(curves, "recall", "precision", areas, step=True)
    frame = svg.axes(X, Y, "Recall", "Precision")
    label = f"Precision-recall curves, {_summary(curves, areas, 'AUPR')}"
    return svg.drawing(WIDTH, HEIGHT, label, frame, *base, lines)


def legend(curves: Sequence[Mapping[str, Any]], areas: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lists what the lines mean: all classes up to eight, else the worst and the best one.

    Returns:
        Entries with "style" (classes of the line), "name" and "area".
    """
    styles = _styles(curves, areas)
    return [
        {"style": style, "name": _key(curve), "area": areas.get(_key(curve))}
        for curve, style in zip(curves, styles, strict=True)
        if style != "thin"
    ]


def _styles(curves: Sequence[Mapping[str, Any]], areas: Mapping[str, Any]) -> list[str]:
    if len(curves) <= svg.PALETTE:
        return [f"line c{index}" for index in range(len(curves))]
    styles = ["thin"] * len(curves)
    found = [(finite(areas.get(_key(curve))), index) for index, curve in enumerate(curves)]
    known = [(area, index) for area, index in found if area is not None]
    if known:
        styles[min(known)[1]], styles[max(known)[1]] = "line c1", "line c0"
    return styles


def _lines(
    curves: Sequence[Mapping[str, Any]], across: str, up: str, areas: Mapping[str, Any], step: bool
) -> Markup:
    styles = _styles(curves, areas)
    order = sorted(range(len(curves)), key=lambda index: styles[index] != "thin")
    return Markup("").join(
        svg.path([(X(x), Y(y)) for x, y in _points(curves[i], across, up)], styles[i], step)
        for i in order
    )


def _points(curve: Mapping[str, Any], across: str, up: str) -> list[tuple[float, float]]:
    pairs = zip(curve.get(across) or [], curve.get(up) or [], strict=False)
    known = [(finite(x), finite(y)) for x, y in pairs]
    points = [(x, y) for x, y in known if x is not None and y is not None]
    return points[::-1] if points and points[0][0] > points[-1][0] else points


def _mean_roc(curves: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float]] | None:
    grid = np.linspace(0, 1, 101)
    heights = []
    for curve in curves:
        points = sorted(_points(curve, "fpr", "tpr"))
        if len(points) > 1:
            x, y = np.array(points).T
            heights.append(np.interp(grid, x, y))
    if not heights:
        return None
    return [0.0, *grid.tolist()], [0.0, *np.mean(heights, axis=0).tolist()]


def _key(curve: Mapping[str, Any]) -> str:
    return str(curve.get("class", ""))


def _summary(curves: Sequence[Mapping[str, Any]], areas: Mapping[str, Any], name: str) -> str:
    known = [(area, _key(c)) for c in curves if (area := finite(areas.get(_key(c)))) is not None]
    lines = f"{len(curves)} lines" if len(curves) > 1 else f"one line for {_key(curves[0])}"
    if not known:
        return lines
    (low, worst), (high, best) = min(known), max(known)
    if len(known) == 1:
        return f"{lines}: {name} {fixed(high)}"
    return f"{lines}: {name} from {fixed(low)} ({worst}) to {fixed(high)} ({best})"
