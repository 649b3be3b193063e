"""Tensors that differ in a number of their names alone, as one row."""

import re
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

_NUMBER = re.compile(r"(?<!\w)\d+(?!\w)")


def group(tensors: Iterable[tuple[str, Sequence[int], str, str]]) -> list[dict[str, Any]]:
    """Groups tensors of the same shape and dtype whose names differ in numbers alone.

    Args:
        tensors: name, shape, dtype and part ("" if not known) of each.

    Returns:
        Rows of `name` ("blocks.{0-11}.norm.weight"), `count`, `shape`, `dtype`, `part` and
        `parameters` (of all together), in the order in which each group begins.
    """
    groups: dict[tuple, list[tuple[str, str]]] = {}
    for name, shape, dtype, part in tensors:
        key = (_NUMBER.sub("#", name), tuple(shape), dtype, _NUMBER.sub("#", part))
        groups.setdefault(key, []).append((name, part))
    return [
        {
            "name": together([name for name, _ in members]),
            "count": len(members),
            "shape": list(shape),
            "dtype": dtype,
            "part": together([part for _, part in members]) or None,
            "parameters": prod(shape) * len(members),
        }
        for (_, shape, dtype, _), members in groups.items()
    ]


def together(names: Sequence[str]) -> str:
    """One name for several that differ in their numbers: "block {0-3}"."""
    columns = zip(*(_NUMBER.findall(name) for name in names), strict=True)
    spans = iter([_span({int(number) for number in column}) for column in columns])
    return _NUMBER.sub(lambda _: next(spans), names[0])


def _span(numbers: set[int]) -> str:
    first, last = min(numbers), max(numbers)
    if first == last:
        return str(first)
    if len(numbers) == last - first + 1:
        return f"{{{first}-{last}}}"
    some = ",".join(str(number) for number in sorted(numbers)[:4])
    return f"{{{some},...}}" if len(numbers) > 4 else f"{{{some}}}"
