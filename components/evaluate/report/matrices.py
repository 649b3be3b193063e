"""Confusion matrices: a table with shaded cells while it is legible, beyond it a heat map."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from components.evaluate.report import svg
from components.evaluate.report.text import count, finite, percent, shorten, whole_percent

TABLE_LIMIT = 12
DRAWING_LIMIT = 150
SIZE = 720


def matrix(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Prepares one confusion matrix (rows are the truth) for the template.

    Args:
        entry: "name", "labels" (K names) and "matrix" (K lists of K counts).

    Returns:
        "name", "labels", "size", "rows" (label, total, cells with count, share and shade),
        and for more than twelve classes "drawing" and "confused", the commonest errors.
    """
    counts = [[finite(cell) or 0.0 for cell in row] for row in entry.get("matrix") or []]
    labels = [shorten(label, 48) for label in entry.get("labels") or []]
    labels += [str(index) for index in range(len(labels), len(counts))]
    rows = []
    for index, row in enumerate(counts):
        total = sum(row)
        shares = [cell / total if total else None for cell in row]
        cells = [
            {
                "count": count(cell),
                "share": whole_percent(share) if cell else "",
                "shade": round(100 * (share or 0)),
            }
            for cell, share in zip(row, shares, strict=True)
        ]
        rows.append({"label": labels[index], "total": count(total), "cells": cells})
    prepared = {"name": str(entry.get("name") or ""), "labels": labels, "rows": rows}
    prepared |= {"size": len(counts), "drawing": None, "confused": []}
    if len(counts) > TABLE_LIMIT:
        prepared["confused"] = confused(labels, counts)
        if len(counts) <= DRAWING_LIMIT:
            prepared["drawing"] = heat_map(labels, counts, prepared["name"])
    return prepared


def confused(
    labels: Sequence[str], counts: Sequence[Sequence[float]], most: int = 10
) -> list[dict[str, str]]:
    """Lists the commonest errors as {"truth", "predicted", "count", "share" of the true class}."""
    errors = [
        (cell, i, j)
        for i, row in enumerate(counts)
        for j, cell in enumerate(row)
        if i != j and cell > 0
    ]
    errors.sort(key=lambda error: (-error[0], error[1], error[2]))
    return [
        {
            "truth": labels[i],
            "predicted": labels[j],
            "count": count(cell),
            "share": whole_percent(cell / sum(counts[i])),
        }
        for cell, i, j in errors[:most]
    ]


def heat_map(labels: Sequence[str], counts: Sequence[Sequence[float]], name: str = "") -> Markup:
    """Draws row-normalised shares as shades; labels thin out where they would collide.

    The shade grows with the square root of the share, or else single errors would not show.
    """
    size, margin = len(counts), 104
    cell = (SIZE - margin - 4) / size
    every = max(1, -(-9 // max(1, int(cell))))
    right = [row[i] / sum(row) for i, row in enumerate(counts) if sum(row)]
    share = percent(sum(right) / len(right)) if right else "nothing"
    title = f"Confusion matrix {name} of {size} classes as a heat map".replace("  ", " ")
    parts: list[Markup] = [
        svg.element(
            "rect", x=margin, y=margin, width=cell * size, height=cell * size, class_="field"
        )
    ]
    for index, row in enumerate(counts):
        parts.extend(_shades(labels, index, row, margin, cell))
        if index % every == 0:
            parts.extend(_names(labels[index], margin, margin + (index + 0.5) * cell, cell))
    edge = margin + cell * size
    parts.append(svg.line(margin, margin, edge, margin, "axis"))
    parts.append(svg.line(margin, margin, margin, edge, "axis"))
    parts.append(svg.text(4, margin - 8, "true \N{DOWNWARDS ARROW}", "label"))
    parts.append(svg.text(4, 16, "predicted \N{RIGHTWARDS ARROW}", "label"))
    parts.extend(_key(margin, edge + 8))
    described = f"{title}; rows are true, columns predicted classes; {share} on the diagonal"
    return svg.drawing(SIZE, SIZE + 34, f"{described} in the mean.", *parts, class_="heat-map")


def _shades(
    labels: Sequence[str], index: int, row: Sequence[float], margin: float, cell: float
) -> list[Markup]:
    total = sum(row)
    y = margin + index * cell
    shades = []
    for column, value in enumerate(row):
        place = {"x": margin + column * cell, "y": y, "width": cell, "height": cell}
        if value > 0:
            told = f"{labels[index]} taken for {labels[column]}: {count(value)}"
            tip = svg.element("title", f"{told} ({whole_percent(value / total)})")
            opacity = f"{(value / total) ** 0.5:.2f}"
            shades.append(svg.element("rect", tip, class_="shade", fill_opacity=opacity, **place))
        if column == index and cell >= 5:
            shades.append(svg.element("rect", class_="diagonal", **place))
    return shades


def _key(left: float, top: float) -> list[Markup]:
    parts = [svg.text(left - 5, top + 13, "share of the row", text_anchor="end")]
    for index, share in enumerate((0.01, 0.05, 0.2, 0.5, 1.0)):
        x = left + 70 * index
        place = {"x": x, "y": top, "width": 18, "height": 18}
        parts.append(svg.element("rect", class_="shade", fill_opacity=f"{share**0.5:.2f}", **place))
        parts.append(svg.text(x + 24, top + 13, whole_percent(share)))
    return parts


def _names(label: str, margin: float, middle: float, cell: float) -> tuple[Markup, Markup]:
    size = f"font-size:{min(11.0, max(8.0, cell * 0.85)):.1f}px"
    short = shorten(label, 17)
    turn = f"translate({middle + 3:.1f} {margin - 5}) rotate(-90)"
    return (
        svg.text(margin - 5, middle + 3, short, text_anchor="end", style=size),
        svg.text(0, 0, short, transform=turn, style=size),
    )
