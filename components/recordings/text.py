"""CSV and TSV recordings: a line of names, then a line for each sample."""

import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from components.recordings.clock import Clock, period_of
from components.recordings.recording import Annotation, BrokenRecording, Channel, Recording
from components.recordings.units import known

_LINES = 2**15  # parsed together, and known by their place in the file
_HEADING = re.compile(r"(?P<name>.*?)\s*[\[(](?P<unit>[^\])]*)[\])]\s*$")
_TIME, _LABEL = ("time", "t", "timestamp"), "label"
_LONGEST = 2**20  # bytes of a line


class Text(Recording):
    """A table with a column for each channel, named like `EMG1` or `EMG1 (uV)`.

    A column `time` (in seconds, or in its unit as in `time (ms)`) tells the sampling rate. A column
    `label` makes annotations: a run of one text is a span with that text, an empty cell is none.

    Args:
        sampling_rate: in Hz, where there is no such column.
    """

    def __init__(self, path: Path, name: str, sampling_rate: float | None = None) -> None:
        with _told(path):
            self._places, self._delimiter, headings = _begin(path)
            self._width = len(headings)
            names, units = zip(*map(_split, headings), strict=True)
            lower = [text.lower() for text in names]
            time = next((lower.index(text) for text in _TIME if text in lower), None)
            label = lower.index(_LABEL) if _LABEL in lower else None
            self._columns = [n for n in range(self._width) if n not in (time, label)]
            self._path, self._samples = path, 0
            period = period_of(units[time]) if time is not None else 0.0
            rate, runs = self._scan(path, time, label, period)
            rate = rate or sampling_rate
            if rate is None:
                raise ValueError("it has no column `time`; say the rate by --sampling-rate")
        channels = [
            Channel(names[column], known(units[column]), rate, self._samples)
            for column in self._columns
        ]
        notes = [
            Annotation(start / rate, (stop - start) / rate, text)
            for start, stop, text in runs
            if text
        ]
        super().__init__(path, name, channels, notes)

    def read(self, picks: Sequence[int], start: int, stop: int) -> np.ndarray:
        """See `Recording.read`; an empty cell is NaN."""
        columns = [self._columns[pick] for pick in picks]
        with _told(self.path):
            first = start // _LINES
            rows = [
                _numbers(lines, columns, self._delimiter)
                for lines in self._blocks(first, -(-stop // _LINES))
            ]
            return np.concatenate(rows)[start - first * _LINES : stop - first * _LINES].T

    def _blocks(self, first: int, last: int) -> Iterator[list[str]]:
        """Lines from block `first` to before block `last`, a list for each block."""
        with open(self._path, "rb") as file:
            file.seek(self._places[first])
            for _ in range(first, last):
                yield [line.decode() for line in itertools.islice(_lines(file), _LINES)]

    def _scan(self, path: Path, time, label, period: float) -> tuple[float | None, list]:
        """Counts the lines, notes where blocks begin, and reads the columns of time and label."""
        clock, runs = Clock(period), []
        with open(path, "rb") as file:
            file.seek(self._places[0])
            while lines := [line.decode() for line in itertools.islice(_lines(file), _LINES)]:
                if time is not None:
                    clock.add(_numbers(lines, [time], self._delimiter)[:, 0], self._samples)
                if label is not None:
                    _extend(runs, lines, label, self._delimiter, self._samples)
                self._samples += len(lines)
                self._places.append(file.tell())
        if not self._samples:
            raise ValueError("it holds no samples")
        return clock.rate(self._samples), runs


def _begin(path: Path) -> tuple[list[int], str, list[str]]:
    """Where the samples begin, the delimiter, and the headings."""
    with open(path, "rb") as file:
        line = next(_lines(file), b"").decode("utf-8-sig")
        place = file.tell()
    delimiter = max(",;\t", key=line.count)
    headings = next(csv.reader([line], delimiter=delimiter), [])
    if not headings or any(_is_number(cell) for cell in headings):
        raise ValueError("its first line must name the columns")
    return [place], delimiter, [cell.strip() for cell in headings]


def _lines(file) -> Iterator[bytes]:
    """Lines with something in them."""
    while line := file.readline(_LONGEST):
        if len(line) == _LONGEST:
            raise ValueError("a line is too long to be one of samples")
        if line.strip():
            yield line


def _numbers(lines: list[str], columns: list[int], delimiter: str) -> np.ndarray:
    """(lines, columns) float64."""
    options = {"delimiter": delimiter, "usecols": columns, "ndmin": 2, "comments": None}
    try:
        return np.loadtxt(lines, **options)
    except ValueError:  # an empty cell, maybe, which takes the slower way
        return np.loadtxt(lines, converters=_or_nan, **options)


def _or_nan(cell: str) -> float:
    return float(cell) if cell.strip() else float("nan")


def _extend(runs: list, lines: list[str], column: int, delimiter: str, first: int) -> None:
    """Adds the runs of one text, as (start, stop, text) in samples."""
    for place, row in enumerate(csv.reader(lines, delimiter=delimiter), first):
        text = row[column].strip()
        if runs and runs[-1][2] == text:
            runs[-1] = (runs[-1][0], place + 1, text)
        else:
            runs.append((place, place + 1, text))


def _split(heading: str) -> tuple[str, str]:
    found = _HEADING.match(heading)
    return (found["name"], found["unit"]) if found else (heading, "")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenRecording:
        raise
    except OSError as error:
        raise BrokenRecording(f"{path}: can't be read ({error.strerror})") from None
    except (ValueError, IndexError, csv.Error) as error:  # a UnicodeDecodeError too
        told = str(error).partition("; use `usecols`")[0]
        raise BrokenRecording(f"{path}: no sound table of samples: {told}") from None
