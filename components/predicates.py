"""What rules say of a value by itself."""

from collections.abc import Callable
from numbers import Real
from typing import Any

Holds = Callable[[Any], bool]


def number(low: float, high: float = float("inf"), *, open_low: bool = False) -> Holds:
    """A number from `low`, or above it, to `high`."""

    def holds(value: Any) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        return (low < value if open_low else low <= value) and value <= high

    return holds


def whole(low: int, high: float = float("inf")) -> Holds:
    """An integer from `low` to `high`."""
    return lambda value: type(value) is int and low <= value <= high


def either(option: Any, holds: Holds) -> Holds:
    """One value, or what holds otherwise."""
    return lambda value: value == option or holds(value)


def one_of(*options: Any) -> Holds:
    """One of some values."""
    # `1 == True` in Python, but the number 1 is no spelling of true.
    return lambda value: any(value == o and type(value) is type(o) for o in options)
