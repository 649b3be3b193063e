"""What an objective's settings may be; anything else is told by key and value."""

import math
from collections.abc import Sequence

from components.failures import InputError

BALANCED = "balanced"


def integer(key: str, value: object, least: int, kind: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(
            f"{key}={value!r}: classification_type={kind} needs an integer of at least {least}; "
            f"set {key} to it"
        )
    return value


def smoothing(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise InputError(f"label_smoothing={value!r}: set a number from 0 up to, not including, 1")
    return float(value)


def weights(value: object, count: int) -> str | list[float] | None:
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
            f"class_weights={value!r}: set null, balanced, or {count} positive numbers "
            f"(num_classes={count})"
        )
    return [float(number) for number in numbers]
