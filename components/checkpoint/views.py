"""Tensors as torch saves them: strides over the elements of a storage."""

import mmap
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from components.checkpoint.dtypes import SIZES
from components.checkpoint.tensors import PIECE, Region

_IN_MEMORY = 4 * 2**20
_MOST_DIMENSIONS = 64
_LARGEST = 2**62
_MOST_REPEATED = 2**30  # bytes that a tensor may make of fewer, by strides of 0


@dataclass(frozen=True, slots=True)
class View:
    """A tensor as torch describes it: strides over the elements of a storage.

    Attributes:
        region: the storage's bytes.
        dtype: of the elements.
        offset: of the first element, in elements; as are the strides.
    """

    region: Region
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self) -> None:
        numbers = (self.offset, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or len(self.shape) > _MOST_DIMENSIONS:
            raise ValueError("a tensor has other than one stride for each size")
        if not all(type(number) is int and 0 <= number < _LARGEST for number in numbers):
            raise ValueError("a tensor has a size, stride or offset that can't be")
        if self.nbytes > _LARGEST or self._stop * SIZES[self.dtype] > self.region.size:
            raise ValueError("a tensor reaches beyond its storage")
        if self.nbytes > max(self.region.size, _MOST_REPEATED):
            raise ValueError("a tensor repeats its storage beyond measure")

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return prod(self.shape) * SIZES[self.dtype]

    @property
    def _stop(self) -> int:
        """The element after the last one used."""
        if not prod(self.shape):
            return 0
        steps = zip(self.shape, self.strides, strict=True)
        return self.offset + sum((size - 1) * stride for size, stride in steps) + 1

    @property
    def _contiguous(self) -> bool:
        expected = 1
        for size, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if size != 1 and stride != expected:
                return False
            expected *= size
        return True

    def pieces(self) -> Iterator[bytes]:
        """The elements in C order; see `TensorRef.chunks`."""
        if not self.nbytes:
            return iter(())
        itemsize = SIZES[self.dtype]
        if self._contiguous and self.nbytes == self.region.size:
            return self.region.pieces()
        self.region.prove()
        start = self.region.locate() + self.offset * itemsize
        if self._contiguous:
            return self.region.source.pieces(start, self.nbytes)
        return self._gathered(start, (self._stop - self.offset) * itemsize)

    def _gathered(self, start: int, size: int) -> Iterator[bytes]:
        source, itemsize = self.region.source, SIZES[self.dtype]
        strides = [stride * itemsize for stride in self.strides]
        kind = np.dtype((np.void, itemsize))
        if size <= _IN_MEMORY:
            yield from _blocks(np.ndarray(self.shape, kind, source.read(start, size), 0, strides))
            return
        # Elements come from all over a large range: the disk holds it meanwhile.
        with tempfile.TemporaryFile() as spool:
            for piece in source.pieces(start, size):
                spool.write(piece)
            spool.flush()
            whole = mmap.mmap(spool.fileno(), size, access=mmap.ACCESS_READ)
            yield from _blocks(np.ndarray(self.shape, kind, whole, 0, strides))


def _blocks(array: np.ndarray) -> Iterator[bytes]:
    if array.nbytes <= PIECE:
        yield array.tobytes()
        return
    rows = PIECE // (array.nbytes // len(array))
    if not rows:
        for row in array:
            yield from _blocks(row)
        return
    for place in range(0, len(array), rows):
        yield array[place : place + rows].tobytes()
