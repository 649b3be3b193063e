"""The annotations of EDF+ and BDF+: time-stamped texts in a signal of their own."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

from components.recordings.edf_header import EdfHeader
from components.recordings.recording import Annotation, BrokenRecording

_MOST = 1_000_000


def read_notes(path: Path, header: EdfHeader) -> list[Annotation]:
    """All annotations, from the first sample on.

    Only the bytes of the annotations are read, a record at a time.

    Raises:
        BrokenRecording: an onset that is no finite number, or a gap between two records.
    """
    try:
        return list(_notes(path, header))
    except ValueError as error:
        raise BrokenRecording(f"{path}: its annotations are damaged: {error}") from None
    except OSError as error:
        raise BrokenRecording(f"{path}: can't be read ({error.strerror})") from None


def _notes(path: Path, header: EdfHeader) -> Iterator[Annotation]:
    places = [(s.offset, s.samples * header.width) for s in header.signals if s.notes]
    if not places:
        return
    begin, found = None, 0
    with open(path, "rb", buffering=0) as file:
        for record in range(header.records):
            at = header.start + record * header.record_bytes
            for number, (offset, size) in enumerate(places):
                raw = os.pread(file.fileno(), size, at + offset)
                for place, (onset, duration, texts) in enumerate(_stamps(raw)):
                    if number == place == 0:  # every record tells its own time first
                        begin = onset if begin is None else begin
                        _refuse_gap(path, header, record, onset - begin)
                    for text in filter(None, texts):
                        found += 1
                        if found > _MOST:
                            raise ValueError(f"there are more than {_MOST:,}")
                        yield Annotation(onset - (begin or 0.0), duration, text)


def _stamps(raw: bytes) -> Iterator[tuple[float, float, list[str]]]:
    """Onset, duration and texts of each time-stamped list in a record."""
    for stamp in raw.split(b"\0"):
        if not stamp:
            continue
        when, *texts = stamp.split(b"\x14")
        onset, _, duration = when.partition(b"\x15")
        texts = [text.decode("utf-8", "replace").strip() for text in texts]
        seconds = float(onset), float(duration or 0)
        if not all(map(math.isfinite, seconds)):
            raise ValueError(f"a time of {' and '.join(map(str, seconds))} seconds")
        yield *seconds, texts


def _refuse_gap(path: Path, header: EdfHeader, record: int, told: float) -> None:
    if not header.gaps:
        return
    expected = record * header.record_seconds
    if abs(told - expected) > 1e-3:
        raise BrokenRecording(
            f"{path}: the recording was interrupted (EDF+D): at {expected:g} s it goes on as "
            f"{told:g} s; save it as one file for each part"
        )
