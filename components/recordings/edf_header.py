"""The header of an EDF, EDF+, BDF or BDF+ file, believed as far as the file bears it out.

Kemp et al. 1992, "A simple format for exchange of digitized polygraphic recordings"; Kemp and
Olivan 2003, "European data format plus (EDF+)". BDF is the same with 24-bit samples.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from components.recordings.recording import BrokenRecording

_FIXED = 256
_PER_CHANNEL = 256
_MOST_CHANNELS = 9999  # four digits
_LARGEST = 2**28  # bytes of a record, which is read as a whole
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_NOTES = ("EDF Annotations", "BDF Annotations")


@dataclass(frozen=True)
class Signal:
    """One signal as the header tells it.

    Attributes:
        samples: in a record.
        offset: of its first byte in a record.
    """

    label: str
    unit: str
    physical: tuple[float, float]
    digital: tuple[float, float]
    samples: int
    offset: int

    @property
    def notes(self) -> bool:
        """Whether it holds annotations and no samples."""
        return self.label in _NOTES


@dataclass(frozen=True)
class EdfHeader:
    """What the header tells.

    Attributes:
        width: bytes of a sample: 2 of EDF, 3 of BDF.
        record_bytes, record_seconds: of one data record.
        gaps: whether the header says that records may not follow each other (EDF+D).
        patient: the code, without the rest that could tell who it is.
    """

    width: int
    start: int
    records: int
    record_bytes: int
    record_seconds: float
    gaps: bool
    patient: str | None
    signals: tuple[Signal, ...]


def read_header(path: Path) -> EdfHeader:
    """Reads and checks a header.

    Raises:
        BrokenRecording: no EDF, damaged, or cut short.
    """
    try:
        with open(path, "rb") as file:
            return _read(file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise BrokenRecording(f"{path}: can't be read ({error.strerror})") from None
    except ValueError as error:
        raise BrokenRecording(f"{path}: not a sound EDF or BDF file: {error}") from None


def _read(file: BinaryIO, size: int) -> EdfHeader:
    fixed = file.read(_FIXED)
    bdf = fixed[:8] == b"\xffBIOSEMI"
    if len(fixed) < _FIXED or not (bdf or fixed[:8].strip() == b"0"):
        raise ValueError("it does not begin as one")
    count = _whole(fixed[252:256], "the number of signals", 1, _MOST_CHANNELS)
    start = _FIXED + _PER_CHANNEL * count
    if _whole(fixed[184:192], "the size of the header", 0) != start:
        raise ValueError(f"its header should be {start} bytes long for {count} signals")
    width = 3 if bdf else 2
    signals = _signals(file.read(_PER_CHANNEL * count), count, width)
    record_bytes = width * sum(signal.samples for signal in signals)
    seconds = _number(fixed[244:252], "the duration of a record")
    only_notes = all(signal.notes for signal in signals)
    if only_notes or seconds <= 0 or record_bytes == 0:
        raise ValueError("it holds no signal over time")
    if record_bytes > _LARGEST:
        raise ValueError(f"a record takes {record_bytes:,} bytes; at most {_LARGEST:,} are read")
    reserved = fixed[192:236].decode("latin-1")
    words = fixed[8:88].decode("latin-1").split()
    return EdfHeader(
        width=width,
        start=start,
        records=_records(fixed[236:244], size - start, record_bytes),
        record_bytes=record_bytes,
        record_seconds=seconds,
        gaps=reserved[:5] in ("EDF+D", "BDF+D"),
        patient=words[0] if words and words[0].upper() != "X" else None,
        signals=signals,
    )


def _signals(block: bytes, count: int, width: int) -> tuple[Signal, ...]:
    if len(block) < _PER_CHANNEL * count:
        raise ValueError("it ends in the header")
    bounds = np.cumsum([0, *(w * count for w in _WIDTHS)])
    columns = [
        [block[low + place * width_ : low + (place + 1) * width_] for place in range(count)]
        for low, width_ in zip(bounds, _WIDTHS, strict=False)
    ]
    signals, offset = [], 0
    for label, _, unit, low, high, least, most, _, samples, _ in zip(*columns, strict=True):
        name = label.decode("latin-1").strip()
        number = _whole(samples, f"{name}: the samples in a record", 0)
        notes = name in _NOTES  # whose ranges mean nothing
        signals.append(
            Signal(
                label=name,
                unit=unit.decode("latin-1").strip(),
                physical=(0, 0) if notes else (_number(low, name), _number(high, name)),
                digital=(0, 0) if notes else (_number(least, name), _number(most, name)),
                samples=number,
                offset=offset,
            )
        )
        offset += number * width
    return tuple(signals)


def _records(field: bytes, available: int, record_bytes: int) -> int:
    """How many records there are; -1 stands for a recorder that was never stopped."""
    said, held = _whole(field, "the number of records", -1), available // record_bytes
    if said == -1:
        return held
    if said > held:
        raise ValueError(f"it is cut short: it holds {held:,} of {said:,} records")
    return said


def _whole(field: bytes, what: str, least: int, most: int | None = None) -> int:
    number = _number(field, what)
    if number != int(number) or number < least or (most is not None and number > most):
        raise ValueError(f"{what} is {number:g}")
    return int(number)


def _number(field: bytes, what: str) -> float:
    text = field.decode("latin-1").strip(" \0").replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{what}: {text!r} is no number") from None
    if not np.isfinite(value):
        raise ValueError(f"{what} is {value}")
    return value
