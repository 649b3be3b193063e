"""The array of a NumPy archive, read in pieces without the whole of it in memory."""

import os
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np


class Array:
    """A two-dimensional member of an archive; a compressed one is unpacked beside, when read."""

    def __init__(self, path: Path, member: str) -> None:
        self._path, self._member, self._file = path, member, None
        with zipfile.ZipFile(path) as archive:
            if member not in archive.namelist():
                raise ValueError("it has no `data`")
            info = archive.getinfo(member)
            with archive.open(info) as stream:
                self.shape, self._fortran, self._dtype = _header(stream)
                self._offset = stream.tell()
            self._stored = info.compress_type == zipfile.ZIP_STORED
            size = self._dtype.itemsize * int(np.prod(self.shape, dtype=object))
            if info.file_size != self._offset + size:
                raise ValueError("`data` is cut short")
        if self._stored:
            self._offset += _begin(path, info.header_offset)

    def read(self, picks: Sequence[int], start: int, stop: int) -> np.ndarray:
        """(len(picks), stop - start) float64."""
        self._file = self._file or self._opened()
        out = np.empty((len(picks), stop - start))
        channels, samples = self.shape
        if self._fortran:
            block = self._at(start * channels, (stop - start) * channels)
            out[:] = block.reshape(-1, channels).T[list(picks)]
            return out
        for row, pick in zip(out, picks, strict=True):
            row[:] = self._at(pick * samples + start, stop - start)
        return out

    def close(self) -> None:
        """Removes what was unpacked."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _at(self, first: int, count: int) -> np.ndarray:
        size = self._dtype.itemsize
        held = os.pread(self._file.fileno(), count * size, self._offset + first * size)
        if len(held) != count * size:
            raise ValueError("`data` ends while it is read")
        return np.frombuffer(held, self._dtype)

    def _opened(self) -> BinaryIO:
        if self._stored:
            return open(self._path, "rb", buffering=0)
        with zipfile.ZipFile(self._path) as archive, archive.open(self._member) as stream:
            file = tempfile.TemporaryFile(prefix="biotune-npz-")  # noqa: SIM115  (see close)
            try:
                shutil.copyfileobj(stream, file, 2**20)
            except BaseException:
                file.close()
                raise
            file.flush()
            return file


def _begin(path: Path, at: int) -> int:
    """Where a member's bytes begin, behind its own header, whose length its names decide."""
    with open(path, "rb") as file:
        file.seek(at)
        name, extra = struct.unpack("<26xHH", file.read(30))
    return at + 30 + name + extra


def _header(stream: BinaryIO) -> tuple[tuple[int, int], bool, np.dtype]:
    version = np.lib.format.read_magic(stream)
    reader = np.lib.format.read_array_header_1_0
    shape, fortran, dtype = (reader if version == (1, 0) else np.lib.format.read_array_header_2_0)(
        stream
    )
    if dtype.kind not in "iuf":
        raise ValueError(f"`data` is of type {dtype}; it must be numbers")
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"`data` has the shape {shape}; it must be (channels, samples)")
    return shape, fortran, dtype
