"""Tensors that still lie in their file, and the bytes of that file."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import BinaryIO

from components.failures import InputError
from components.storage import shown

PIECE = 4 * 2**20


@dataclass(frozen=True)
class TensorRef:
    """A tensor that still lies in its file.

    Attributes:
        name: in the checkpoint.
        dtype: name in safetensors, such as "F32".
        shape: sizes; () for a scalar.
        nbytes: of all elements together.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    _pieces: Callable[[], Iterator[bytes]] = field(repr=False, compare=False)

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    def chunks(self) -> Iterator[bytes]:
        """The elements in C order, little-endian, whole elements in at most 4 MiB a piece.

        Raises:
            InputError: the file is damaged.
            ServiceError: the storage is out of reach.
        """
        return self._pieces()


@dataclass
class Source:
    """An open file and its name in messages."""

    file: BinaryIO
    uri: str

    def __post_init__(self) -> None:
        self.size = self.file.seek(0, 2)

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
            self.file.seek(start)
            data = self.file.read(size)
            while len(data) < size and (more := self.file.read(size - len(data))):
                data += more
        except OSError as error:
            raise self.refusal(f"can't be read ({error.strerror or error})") from error
        if len(data) != size:
            raise self.refusal("the file became shorter while it was read; run again")
        return data

    def pieces(self, start: int, size: int, crc: int = 0) -> Iterator[bytes]:
        """The bytes in pieces; `crc` is what their checksum must be, 0 where none is known."""
        checksum = 0
        for place in range(start, start + size, PIECE):
            piece = self.read(place, min(PIECE, start + size - place))
            checksum = zlib.crc32(piece, checksum) if crc else 0
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
    """

    source: Source
    locate: Callable[[], int]
    size: int
    crc: int = 0
