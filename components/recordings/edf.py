"""EDF, EDF+, BDF and BDF+ recordings.

Read by ourselves, because mne joins the records of an EDF+D file over their gaps, resamples a
channel of another rate piece by piece, with artefacts at the seams, and holds all annotation bytes
in memory at once. The tests hold our numbers against its.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from components.recordings.edf_header import EdfHeader, read_header
from components.recordings.edf_notes import read_notes
from components.recordings.recording import BrokenRecording, Channel, Recording
from components.recordings.units import known

_TRIGGERS = ("status", "trigger", "triggers")


class Edf(Recording):
    """An EDF or BDF file."""

    def __init__(self, path: Path, name: str) -> None:
        header = read_header(path)
        self._header = header
        self._signals = [signal for signal in header.signals if not signal.notes]
        channels = [
            Channel(
                name=signal.label,
                unit=known(signal.unit),
                sampling_rate=signal.samples / header.record_seconds,
                samples=signal.samples * header.records,
                signal=signal.label.lower() not in _TRIGGERS and signal.samples > 0,
            )
            for signal in self._signals
            if signal.samples
        ]
        self._signals = [signal for signal in self._signals if signal.samples]
        super().__init__(path, name, channels, read_notes(path, header), header.patient)

    def read(self, picks: Sequence[int], start: int, stop: int) -> np.ndarray:
        """See `Recording.read`; whole records are read from the file."""
        size = self._signals[picks[0]].samples
        first, last = start // size, -(-stop // size)
        block = _block(self.path, self._header, first, last)
        out = np.empty((len(picks), stop - start))
        for row, pick in zip(out, picks, strict=True):
            signal = self._signals[pick]
            (low, high), (least, most) = signal.physical, signal.digital
            if low == high or least == most:
                raise BrokenRecording(f"{self.path}: {signal.label}: its range of values is empty")
            end = signal.offset + signal.samples * self._header.width
            digital = _integers(block[:, signal.offset : end], self._header.width).reshape(-1)
            gain = (high - low) / (most - least)
            np.subtract(digital[start - first * size : stop - first * size], least, out=row)
            row *= gain
            row += low
        return out


def _block(path: Path, header: EdfHeader, first: int, last: int) -> np.ndarray:
    """(records, bytes) of the records `first` to `last`."""
    wanted = (last - first) * header.record_bytes
    try:
        with open(path, "rb", buffering=0) as file:
            held = bytearray()
            while len(held) < wanted:
                offset = header.start + first * header.record_bytes + len(held)
                piece = os.pread(file.fileno(), wanted - len(held), offset)
                if not piece:
                    raise BrokenRecording(f"{path}: ends while it is read; another program cut it")
                held += piece
    except OSError as error:
        raise BrokenRecording(f"{path}: can't be read ({error.strerror})") from None
    return np.frombuffer(held, np.uint8).reshape(last - first, header.record_bytes)


def _integers(block: np.ndarray, width: int) -> np.ndarray:
    """Little-endian signed integers of (records, bytes)."""
    block = np.ascontiguousarray(block)
    if width == 2:
        return block.view("<i2")
    three = block.reshape(len(block), -1, 3)
    wide = np.zeros((*three.shape[:2], 4), np.uint8)
    wide[..., 1:] = three  # the sign comes along in the highest byte
    return wide.view("<i4")[..., 0] >> 8
