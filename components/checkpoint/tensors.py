"""Tensors that still lie in their file, and the bytes of that file."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import BinaryIO

from isal.isal_zlib import crc32  # twelve times as fast as zlib's

from components.failures import InputError
from components.storage import shown

PIECE = 2**20  # stays in the processor's cache while it is looked at and written


@dataclass(frozen=True)
class TensorRef:
    """A tensor that still lies in its file.

    Attributes:
        name: in the checkpoint.
        dtype: name in safetensors, such as "F32".
        shape: sizes; () for a scalar.
        nbytes: of all elements together.
        region: the part of the file that holds them, where that has a checksum.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    _pieces: Callable[[], Iterator[bytes]] = field(repr=False, compare=False)
    region: "Region | None" = field(default=None, repr=False, compare=False)

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    def chunks(self) -> Iterator[bytes]:
        """The elements in C order, little-endian, whole elements in about 1 MiB a piece.

        Several threads may read tensors of one file at the same time.

        Raises:
            InputError: the file is damaged.
            ServiceError: the storage is out of reach.
        """
        return self._pieces()


@dataclass
class Source:
    """An open file and its name in messages.

    Attributes:
        bring: has ranges of the file brought here first; None where it is here.
        proved: first bytes of the regions whose content is known to have its checksum.
    """

    file: BinaryIO
    uri: str
    bring: Callable[[Sequence[tuple[int, int]]], None] | None = None
    proved: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.size = self.file.seek(0, 2)
        self._lock = threading.Lock()
        try:  # several threads can read a file of this machine at the same time
            self._descriptor: int | None = self.file.fileno()
        except (AttributeError, OSError):
            self._descriptor = None

    def refusal(self, cause: str) -> InputError:
        """An error about this file, for raising."""
        return InputError(f"{shown(self.uri)}: {cause}")

    def read(self, start: int, size: int) -> bytes:
        """Exactly `size` bytes, which must lie within the file."""
        if start < 0 or size < 0 or start + size > self.size:
            raise self.refusal(
                f"the file is cut off: it has {self.size:,} bytes and refers to byte "
                f"{start + size:,}; download or copy it again"
            )
        try:
            data = self._some(start, size)
            while len(data) < size and (more := self._some(start + len(data), size - len(data))):
                data += more
        except OSError as error:
            raise self.refusal(f"can't be read ({error.strerror or error})") from error
        if len(data) != size:
            raise self.refusal("the file became shorter while it was read; run again")
        return data

    def _some(self, start: int, size: int) -> bytes:
        if self._descriptor is not None:
            return os.pread(self._descriptor, size, start)
        with self._lock:
            self.file.seek(start)
            return self.file.read(size)

    def pieces(self, start: int, size: int, crc: int = 0) -> Iterator[bytes]:
        """The bytes in pieces; `crc` is what their checksum must be, 0 where none is known."""
        checksum = 0
        for place in range(start, start + size, PIECE):
            piece = self.read(place, min(PIECE, start + size - place))
            checksum = crc32(piece, checksum) if crc else 0
            yield piece
        if checksum != crc:
            raise self.refusal(
                "the file is damaged: a tensor's bytes do not have the checksum they were saved "
                "with; download or copy it again"
            )


@dataclass(frozen=True)
class Region:
    """Consecutive bytes of a file.

    Attributes:
        locate: gives the place of the first byte; to find out may take a read.
        crc: checksum of all of them, 0 where none is known.
        span: a range of the file that holds them and what `locate` reads.
    """

    source: Source
    locate: Callable[[], int]
    size: int
    crc: int = 0
    span: tuple[int, int] = (0, 0)

    def pieces(self) -> Iterator[bytes]:
        """All of the bytes, held against their checksum.

        Raises:
            InputError: they don't have it.
        """
        proved = self.span[0] in self.source.proved
        yield from self.source.pieces(self.locate(), self.size, 0 if proved else self.crc)
        self.source.proved.add(self.span[0])

    def prove(self) -> None:
        """Reads them for their checksum alone, unless that was done before.

        Raises:
            InputError: they don't have it.
        """
        if self.crc and self.span[0] not in self.source.proved:
            for _ in self.pieces():
                pass

    def checksum(self) -> int:
        """What their checksum is."""
        found = 0
        for piece in self.source.pieces(self.locate(), self.size):
            found = crc32(piece, found)
        return found
