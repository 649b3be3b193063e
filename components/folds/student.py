"""Student's t: tail and quantile for whole degrees of freedom, without scipy."""

import math


def two_sided(t: float, freedom: int) -> float:
    """The probability of a value at least as far from 0 as `t`.

    The finite series of Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.3
    and 26.7.4.

    Args:
        freedom: degrees of freedom, at least 1.
    """
    if math.isinf(t):
        return 0.0
    angle = math.atan(abs(t) / math.sqrt(freedom))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for k in range(1 + odd, freedom, 2):  # cos, 2/3 cos^3, ... or 1, 1/2 cos^2, ...
        total += term
        term *= square * k / (k + 1)
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return max(0.0, 1.0 - inside)


def quantile(level: float, freedom: int) -> float:
    """How far from 0 a share `level` of the values stays, as 0.95 for a 95 % interval."""
    low, high = 0.0, 1.0
    while two_sided(high, freedom) > 1 - level:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided(middle, freedom) > 1 - level else (low, middle)
    return high
