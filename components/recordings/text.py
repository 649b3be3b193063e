"""CSV and TSV recordings: a line of names, then a line for each sample."""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from components.recordings.clock import Clock, period_of
from components.recordings.lines import lines_of, numbers, require_cells, rows_of
from components.recordings.recording import Annotation, BrokenRecording, Channel, Recording
from components.recordings.units import known

_LINES = 2**15  # parsed together, and known by their place in the file
_HEADING = re.compile(r"(?P<name>.*?)\s*[\[(](?P<unit>[^\])]*)[\])]\s*$")
_TIME, _LABEL = ("time", "t", "timestamp"), "label"


class Text(Recording):
    """A table with a column for each channel, named like `EMG1` or `EMG1 (uV)`.

    A column `time` (in seconds, or in its unit as in `time (ms)`) tells the sampling rate. A column
    `label` makes annotations: a run of one text is a span with that text, an empty cell is none.
    Cells may be in double quotes.

    Args:
        sampling_rate: in Hz, where there is no such column, or its times are rounded.
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
            rate, runs = self._scan(path, time, label, Clock(period, sampling_rate))
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
                numbers(lines, columns, self._delimiter)
                for lines in self._blocks(first, -(-stop // _LINES))
            ]
            return np.concatenate(rows)[start - first * _LINES : stop - first * _LINES].T

    def _blocks(self, first: int, last: int) -> Iterator[list[str]]:
        """Lines from block `first` to before block `last`, a list for each block."""
        with open(self._path, "rb") as file:
            file.seek(self._places[first])
            for _ in range(first, last):
                yield [line.decode() for line in itertools.islice(lines_of(file), _LINES)]

    def _scan(self, path: Path, time, label, clock: Clock) -> tuple[float | None, list]:
        """Counts the lines, notes where blocks begin, and reads the columns of time and label."""
        runs, shape = [], (self._width, self._delimiter)
        with open(path, "rb") as file:
            file.seek(self._places[0])
            while lines := [line.decode() for line in itertools.islice(lines_of(file), _LINES)]:
                if label is None:
                    require_cells(lines, *shape, self._samples)
                else:
                    _extend(runs, rows_of(lines, *shape, self._samples), label)
                if time is not None:
                    clock.add(numbers(lines, [time], self._delimiter)[:, 0], self._samples)
                self._samples += len(lines)
                self._places.append(file.tell())
        if not self._samples:
            raise ValueError("it holds no samples")
        return clock.rate(self._samples), runs


def _begin(path: Path) -> tuple[list[int], str, list[str]]:
    """Where the samples begin, the delimiter, and the headings."""
    with open(path, "rb") as file:
        line = next(lines_of(file), b"").decode("utf-8-sig")
        place = file.tell()
    delimiter = max(",;\t", key=line.count)
    headings = next(csv.reader([line], delimiter=delimiter), [])
    if not headings or any(_is_number(cell) for cell in headings):
        raise ValueError("its first line must name the columns")
    return [place], delimiter, [cell.strip() for cell in headings]


def _extend(runs: list, rows: Iterable[tuple[int, list[str]]], column: int) -> None:
    """Adds the runs of one text, as (start, stop, text) in samples."""
    for place, row in rows:
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
