"""How numbers, names and dates are written in the report."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

DASH = "\N{EM DASH}"
METRICS = {
    "acc": "Accuracy",
    "balanced_acc": "Balanced accuracy",
    "f1_score": "F1",
    "auroc": "AUROC",
    "aupr": "AUPR",
    "cohen_kappa": "Cohen's kappa",
    "recall": "Recall",
    "precision": "Precision",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "loss": "Loss",
}
_RAISED = "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
_SUPERSCRIPTS = str.maketrans("-0123456789", _RAISED)


def finite(value: Any) -> float | None:
    """Gives a number as float, and None for everything that is not a finite number."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def fixed(value: Any, decimals: int = 3) -> str:
    """Writes a number with fixed decimals and thousands separators, nothing as a dash."""
    number = finite(value)
    if number is None:
        return DASH
    return f"{number:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def count(value: Any) -> str:
    """Writes a count; KFP hands integers back as floats, a list counts its members."""
    if isinstance(value, list | tuple | set):
        return f"{len(value):,}"
    return fixed(value, 0)


def percent(share: Any) -> str:
    """Writes a share of 1 in per cent, with a decimal only where one is needed."""
    number = finite(share)
    if number is None:
        return DASH
    text = f"{100 * number:.1f}".removesuffix(".0")
    if text == "100" and number < 1:  # never round a gap away
        text = ">99.9"
    return f"{text}\N{NO-BREAK SPACE}%"


def whole_percent(share: Any) -> str:
    """Writes a share of 1 in whole per cent; what is neither nothing nor all never looks so."""
    number = finite(share)
    if number is None:
        return DASH
    text = "<1" if 0 < number < 0.01 else ">99" if 0.99 < number < 1 else f"{100 * number:.0f}"
    return f"{text}\N{NO-BREAK SPACE}%"


def scientific(value: Any) -> str:
    """Writes a learning rate: three significant digits, as a power of ten when it is small."""
    number = finite(value)
    if number is None:
        return DASH
    if number == 0 or 0.01 <= abs(number) < 1000:
        return f"{number:.3g}".replace("-", "\N{MINUS SIGN}")
    mantissa, exponent = f"{number:.2e}".split("e")
    power = str(int(exponent)).translate(_SUPERSCRIPTS)
    mantissa = mantissa.replace("-", "\N{MINUS SIGN}")
    return f"{mantissa}\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}10{power}"


def interval(bounds: Any) -> str | None:
    """Writes `[low, high]` as "low to high"; None where there is no interval."""
    if not isinstance(bounds, list | tuple) or len(bounds) != 2:
        return None
    if any(finite(bound) is None for bound in bounds):
        return None
    return f"{fixed(bounds[0])} to {fixed(bounds[1])}"


def metric(key: str) -> str:
    """Names a metric key for a reader: "test_f1_score" is "F1"."""
    bare = key.removeprefix("test_")
    return METRICS.get(bare) or bare.replace("_", " ").capitalize()


def unbroken(sentence: Any) -> str:
    """Keeps a per cent sign on the line of its number."""
    return str(sentence).replace(" %", "\N{NO-BREAK SPACE}%")


def lines(value: Any) -> list[str]:
    """Writes any value of the provenance as text, a mapping as one line for each key."""
    if isinstance(value, Mapping) and value:
        return [f"{key} {plain(inner)}" for key, inner in value.items()]
    return [plain(value)]


def plain(value: Any) -> str:
    """Writes any value as one line of text."""
    if value is None or value == "":
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {plain(inner)}" for key, inner in value.items()) or DASH
    if isinstance(value, list | tuple):
        return ", ".join(plain(inner) for inner in value) or DASH
    if isinstance(value, float):
        return count(value) if value.is_integer() else scientific(value)
    return str(value)


def shorten(text: Any, length: int) -> str:
    """Cuts a label to `length` characters, an ellipsis included."""
    text = " ".join(str(text).split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def breakable(name: Any) -> Markup:
    """Lets a name break after its underscores, before it has to break elsewhere."""
    return escape(name).replace("_", Markup("_<wbr>"))


def plural(number: Any, noun: str) -> str:
    """Writes a count with its noun: "1 subject", "3 subjects", "2 classes"."""
    written = count(number)
    ending = "es" if noun.endswith("s") else "s"
    return f"{written} {noun}" if written == "1" else f"{written} {noun}{ending}"


def moment(created: Any) -> str:
    """Writes an ISO time as "24 November 2026, 09:30 UTC"; anything else stays as it is."""
    try:
        when = datetime.fromisoformat(str(created))
    except ValueError:
        return str(created or "")
    zone = f" {when.tzname()}" if when.tzinfo else ""
    return f"{when.day} {when:%B %Y, %H:%M}{zone}"
