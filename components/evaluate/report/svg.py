"""The few pieces that every chart is made of: elements, scales, ticks and axes.

Colours come from the style sheet by class, so that one drawing serves light, dark and print.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from components.evaluate.report.text import fixed, scientific

PALETTE = 8


def element(name: str, *children: Any, **attributes: Any) -> Markup:
    """Writes one element; children and attribute values are escaped unless they are Markup.

    Args:
        name: the element's name.
        *children: text or Markup.
        **attributes: `class_` becomes `class`, other underscores hyphens; None is left out.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _coordinate(value))
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inside)


def _coordinate(value: Any) -> Any:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def drawing(width: float, height: float, label: str, *children: Any, class_: str = "") -> Markup:
    """Gives an `<svg>` with a name for screen readers, which scales with its container."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=label,
        class_=f"chart {class_}".strip(),
        style=f"max-width:{1.25 * width:g}px",
    )


def text(x: float, y: float, content: str, class_: str = "tick", **attributes: Any) -> Markup:
    """Gives a label at (x, y) in drawing units."""
    return element("text", content, x=float(x), y=float(y), class_=class_, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Gives a straight line in drawing units."""
    ends = {"x1": float(x1), "y1": float(y1), "x2": float(x2), "y2": float(y2)}
    return element("line", class_=class_, **ends)


def path(points: Sequence[tuple[float, float]], class_: str, step: bool = False) -> Markup:
    """Gives a polyline through points in drawing units; points closer than 0.3 are dropped.

    With `step` it goes up or down first, then across.
    """
    kept: list[tuple[float, float]] = []
    for index, (x, y) in enumerate(points):
        last = index == len(points) - 1
        if last or not kept or math.dist(kept[-1], (x, y)) > 0.3:
            kept.append((x, y))
    commands = []
    for index, (x, y) in enumerate(kept):
        corner = f"V{y:.1f}H{x:.1f}" if step else f"L{x:.1f} {y:.1f}"
        commands.append(corner if index else f"M{x:.1f} {y:.1f}")
    return element("path", d="".join(commands), class_=class_)


@dataclass(frozen=True)
class Scale:
    """Maps values in [low, high] to drawing units in [start, end], linearly or by logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Gives the place of a value; outside of the scale it is the nearer end."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log10(value), math.log10(low), math.log10(high)
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def ticks(self, wanted: int = 6) -> list[float]:
        """Gives round values within the scale, about as many as wanted."""
        if self.log:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            stride = max(1, math.ceil((last - first) / wanted))
            powers = [10.0**power for power in range(first, last + 1, stride)]
            return [value for value in powers if self.low <= value <= self.high]
        step = tick_step(self.high - self.low, wanted)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [index * step for index in range(first, last + 1)]


def tick_step(span: float, wanted: int) -> float:
    """Gives the round distance (1, 2 or 5 times a power of ten) that cuts a span."""
    rough = max(span, 1e-12) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough * 0.999)


def tick_text(value: float, ticks: Sequence[float], log: bool = False) -> str:
    """Writes a tick with as many decimals as its neighbours need."""
    if log:
        mantissa, _, power = scientific(value).rpartition("\N{NO-BREAK SPACE}")
        return power if mantissa.startswith("1.00") else f"{value:g}"
    if abs(value) >= 10_000:
        return f"{value:.3g}"
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0
    return fixed(value, max(0, -math.floor(math.log10(step) + 1e-9)))


def axes(x: Scale, y: Scale, x_label: str, y_label: str, whole_x: bool = False) -> Markup:
    """Gives grid, ticks and labels around the field that two scales span."""
    parts = []
    ticks = y.ticks()
    for value in ticks:
        parts.append(line(x.start, y(value), x.end, y(value), "grid"))
        written = tick_text(value, ticks, y.log)
        parts.append(text(x.start - 6, y(value) + 4, written, text_anchor="end"))
    ticks = [value for value in x.ticks() if not whole_x or float(value).is_integer()]
    for value in ticks:
        parts.append(line(x(value), y.start, x(value), y.end, "grid"))
        written = tick_text(value, ticks, x.log)
        parts.append(text(x(value), y.start + 16, written, text_anchor="middle"))
    parts.append(line(x.start, y.start, x.end, y.start, "axis"))
    parts.append(line(x.start, y.start, x.start, y.end, "axis"))
    middle = (x.start + x.end) / 2
    parts.append(text(middle, y.start + 34, x_label, "label", text_anchor="middle"))
    middle = (y.start + y.end) / 2
    turn = f"translate(12 {middle:.1f}) rotate(-90)"
    parts.append(text(0, 0, y_label, "label", text_anchor="middle", transform=turn))
    return Markup("").join(parts)
