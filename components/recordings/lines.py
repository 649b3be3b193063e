"""The lines of a table of samples: each has a cell under each heading."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

_LONGEST = 2**20  # bytes of a line


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Lines with something in them.

    Raises:
        ValueError: one has no end.
    """
    while line := file.readline(_LONGEST):
        if len(line) == _LONGEST:
            raise ValueError("a line is too long to be one of samples")
        if line.strip():
            yield line


def numbers(lines: list[str], columns: list[int], delimiter: str) -> np.ndarray:
    """(lines, columns) float64; an empty cell is NaN.

    Raises:
        ValueError: a cell is no number.
    """
    options = {"delimiter": delimiter, "usecols": columns, "ndmin": 2, "comments": None}
    options["quotechar"] = '"'
    try:
        return np.loadtxt(lines, **options)
    except ValueError:  # an empty cell, maybe, which takes the slower way
        return np.loadtxt(lines, converters=_or_nan, **options)


def require_cells(lines: list[str], width: int, delimiter: str, first: int) -> None:
    """Refuses lines with another number of cells than `width`, which would be in wrong columns.

    Args:
        first: the sample of the first line.

    Raises:
        ValueError: with the sample.
    """
    if any('"' in line for line in lines):
        for _ in rows_of(lines, width, delimiter, first):
            pass
        return
    counts = [line.count(delimiter) for line in lines]
    if counts.count(width - 1) != len(counts):
        place = next(place for place, count in enumerate(counts) if count != width - 1)
        raise ValueError(_other(counts[place] + 1, width, first + place))


def rows_of(
    lines: list[str], width: int, delimiter: str, first: int
) -> Iterator[tuple[int, list[str]]]:
    """Each line's sample and cells; for the rest see `require_cells`."""
    reader, place = csv.reader(lines, delimiter=delimiter, strict=True), first - 1
    try:
        for place, row in enumerate(reader, first):
            if reader.line_num != place - first + 1:
                raise ValueError(f"sample {place + 1:,} has a quote that does not end in its line")
            if len(row) != width:
                raise ValueError(_other(len(row), width, place))
            yield place, row
    except csv.Error as error:
        raise ValueError(f"sample {place + 2:,}: {error}") from None


def _other(cells: int, width: int, place: int) -> str:
    return f"sample {place + 1:,} has {cells} cells, but {width} headings"


def _or_nan(cell: str) -> float:
    return float(cell) if cell.strip() else float("nan")
