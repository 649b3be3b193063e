"""The learning rates of the model's parts, drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from components.evaluate.report import svg
from components.evaluate.report.text import finite, scientific, shorten


def by_part(rows: Sequence[Mapping[str, Any]]) -> Markup | None:
    """Draws one dot a part on a logarithmic scale; a frozen part is a square on the left.

    Args:
        rows: "part", "lr" (base learning rate times scale) and "frozen".

    Returns:
        The drawing, or None when no part learns.
    """
    rates = [_rate(row) for row in rows]
    known = [rate for rate in rates if rate is not None]
    if not known:
        return None
    low, high = min(known), max(known)
    gutter = min(124.0, 26 + 6.5 * max(len(str(row.get("part", ""))) for row in rows))
    x = svg.Scale(low / 1.6, high * 1.6, gutter, 340, log=True)
    if not x.ticks() or len(x.ticks()) < 2:
        x = svg.Scale(low / 5, high * 5, gutter, 340, log=True)
    bottom = 8 + 20 * len(rows)
    ticks = x.ticks()
    parts = [svg.line(x(tick), 4, x(tick), bottom, "grid") for tick in ticks]
    for tick in ticks:
        written = svg.tick_text(tick, ticks, log=True)
        parts.append(svg.text(x(tick), bottom + 16, written, text_anchor="middle"))
    parts.append(svg.line(x.start, bottom, x.end, bottom, "axis"))
    for index, (row, rate) in enumerate(zip(rows, rates, strict=True)):
        y = 16.0 + 20 * index
        part = str(row.get("part", ""))
        parts.append(svg.text(gutter - 12, y + 4, shorten(part, 17), "name", text_anchor="end"))
        if rate is None:
            place = {"x": x.start - 4, "y": y - 4, "width": 8, "height": 8}
            parts.append(svg.element("rect", class_="frozen", **place))
            parts.append(svg.text(x.start + 10, y + 4, "frozen", "note"))
        else:
            parts.append(svg.line(x.start, y, x(rate), y, "stem"))
            tip = svg.element("title", f"{part}: {scientific(rate)}")
            parts.append(svg.element("circle", tip, cx=x(rate), cy=y, r=4.5, class_="dot"))
    middle = (x.start + x.end) / 2
    parts.append(
        svg.text(middle, bottom + 34, "Learning rate (log)", "label", text_anchor="middle")
    )
    label = f"Learning rate of {len(rows)} parts, from {scientific(low)} to {scientific(high)}"
    frozen = len(rates) - len(known)
    if frozen:
        label += f"; {frozen} frozen"
    return svg.drawing(360, bottom + 42, label, *parts)


def _rate(row: Mapping[str, Any]) -> float | None:
    rate = finite(row.get("lr"))
    return None if row.get("frozen") or not rate or rate <= 0 else rate
