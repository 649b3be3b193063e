"""What an objective's settings may be; anything else is told by key and value."""

import math
from collections.abc import Sequence

from components.failures import InputError

BALANCED = "balanced"


def integer(key: str, value: object, least: int, kind: str) -> int:
    """The value, if it is an integer of at least `least` and no bool."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(
            f"{key}={value!r}: classification_type={kind} needs an integer of at least {least}; "
            f"set {key} to it"
        )
    return value


def smoothing(value: object) -> float:
    """The value, if it is in [0, 1)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise InputError(
            f"objective.label_smoothing={value!r}: set a number of at least 0 and below 1"
        )
    return float(value)


def weights(value: object, count: int) -> str | list[float] | None:
    """The value, if it is None, "balanced" or `count` positive numbers."""
    if value is None or value == BALANCED:
        return value
    numbers = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
    valid = [
        isinstance(number, int | float)
        and not isinstance(number, bool)
        and math.isfinite(number)
        and number > 0
        for number in numbers
    ]
    if len(numbers) != count or not all(valid):
        raise InputError(
            f"objective.class_weights={value!r}: set null, balanced, or {count} positive numbers "
            f"(num_classes={count})"
        )
    return [float(number) for number in numbers]
