"""How results spread: a bar for an interval, dots for subjects and recordings."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from markupsafe import Markup

from components.evaluate.report import svg
from components.evaluate.report.text import finite, fixed, interval, shorten

ROWS = 30


def interval_bar(
    value: Any, bounds: Any = None, chance: float | None = None, low: float = 0.0
) -> Markup:
    """Draws a value on a track from `low` to 1, with its interval and the level of chance.

    The drawing repeats numbers that stand beside it, so it is hidden from screen readers.
    """
    x = svg.Scale(low, 1.0, 4, 116)
    parts = [svg.line(x.start, 9, x.end, 9, "track"), svg.line(x(low), 5, x(low), 13, "track")]
    parts.append(svg.line(x(1), 5, x(1), 13, "track"))
    if chance is not None:
        parts.append(svg.line(x(chance), 2, x(chance), 16, "chance"))
    if interval(bounds):
        first, last = (x(float(bound)) for bound in bounds)
        place = {"x": first, "y": 4, "width": max(last - first, 1.0), "height": 10, "rx": 3}
        parts.append(svg.element("rect", class_="range", **place))
    if finite(value) is not None:
        parts.append(svg.element("circle", cx=x(float(value)), cy=9, r=3, class_="dot"))
    return svg.element("svg", *parts, viewBox="0 0 120 18", class_="bar", aria_hidden="true")


def dots(
    names: Sequence[str], values: Sequence[Any], measure: str, overall: float | None, what: str
) -> Markup:
    """Draws one dot a row, the best on top, and a line at the overall result.

    Args:
        names: one name a row.
        values: one value in 0..1 a row; None leaves the row empty.
        measure: what the values are, e.g. "Balanced accuracy".
        overall: the same over all windows, or None.
        what: what a row is, e.g. "subject".
    """
    known = [finite(value) for value in values]
    rows = sorted(zip(names, known, strict=True), key=lambda row: -1 if row[1] is None else -row[1])
    rows.sort(key=lambda row: row[1] is None)
    gutter = min(112.0, 22 + 6.5 * max(len(name) for name in names))
    x, height = svg.Scale(0, 1, gutter, 346), 24 + 20 * len(rows)
    parts = [*_grid(x, 22, height)]
    if overall is not None:
        parts.append(svg.line(x(overall), 18, x(overall), height, "overall"))
        parts.append(
            svg.text(x(overall), 12, f"all {fixed(overall)}", "note", text_anchor="middle")
        )
    for index, (name, value) in enumerate(rows):
        y = 34.0 + 20 * index
        parts.append(svg.text(gutter - 8, y + 4, shorten(name, 16), "name", text_anchor="end"))
        if value is None:
            parts.append(svg.text(x(0) + 4, y + 4, "not defined", "note"))
        else:
            tip = svg.element("title", f"{name}: {fixed(value)}")
            parts.append(svg.element("circle", tip, cx=x(value), cy=y, r=5, class_="dot"))
    parts.append(
        svg.text((x.start + x.end) / 2, height + 34, measure, "label", text_anchor="middle")
    )
    label = f"{measure} by {what}{_range([v for v in known if v is not None])}"
    return svg.drawing(360, height + 42, label, *parts)


def swarm(groups: Sequence[tuple[str, Sequence[Any]]], what: str) -> Markup:
    """Draws many values as piled-up dots, a band for each measure, with the median marked.

    Args:
        groups: (measure, values in 0..1); values that are None are left out.
        what: what a dot is, e.g. "subject".
    """
    x, top, parts, told = svg.Scale(0, 1, 14, 346), 8.0, [], []
    for measure, values in groups:
        known = sorted(value for value in map(finite, values) if value is not None)
        if not known:
            continue
        piles: dict[int, int] = {}
        for value in known:
            piles[round(x(value) / 6)] = piles.get(round(x(value) / 6), 0) + 1
        rise = min(6.0, 90.0 / max(piles.values()))
        floor = top + 26 + rise * max(piles.values())
        middle = median(known)
        said = f"{measure}: median {fixed(middle)}, {fixed(known[0])} to {fixed(known[-1])}"
        told.append(said)
        parts.append(svg.text(x.start, top + 8, said, "name"))
        parts.extend(_grid(x, top + 16, floor, written=False))
        piled: dict[int, int] = {}
        for value in known:
            place = round(x(value) / 6)
            piled[place] = piled.get(place, 0) + 1
            y = floor + 2 - rise * piled[place]
            parts.append(svg.element("circle", cx=place * 6, cy=y, r=2.6, class_="dot small"))
        parts.append(svg.line(x(middle), top + 13, x(middle), floor, "beneath"))
        parts.append(svg.line(x(middle), top + 13, x(middle), floor, "median"))
        top = floor + 16
    parts.extend(_grid(x, top - 16, top - 16))
    return svg.drawing(360, top + 10, f"Spread by {what}. {'; '.join(told)}.", *parts)


def _grid(x: svg.Scale, top: float, bottom: float, written: bool = True) -> list[Markup]:
    ticks = x.ticks()
    marks = [svg.line(x(value), top, x(value), bottom, "grid") for value in ticks]
    marks.append(svg.line(x.start, bottom, x.end, bottom, "axis"))
    if written:
        for value in ticks:
            written_tick = svg.tick_text(value, ticks)
            marks.append(svg.text(x(value), bottom + 16, written_tick, text_anchor="middle"))
    return marks


def _range(known: Sequence[float]) -> str:
    if not known:
        return ", not defined for any"
    return f", {len(known)} dots from {fixed(min(known))} to {fixed(max(known))}"
