"""Where windows lie in their file, if they lie there as they are: read without libhdf5.

A selection of scattered windows costs libhdf5 several times the reading itself, while each window
of an array that is stored whole, or in chunks of whole windows without a filter, is one run of
bytes. Nothing is read here that libhdf5 would not read: places come from it, after the file was
tried.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np

_MOST_CHUNKS = 10_000_000
_WORTH_A_THREAD = 2**20  # bytes of a batch: the kernel's copying is worth a second core from there


class Extents:
    """Windows of one type, each at its own place in a file.

    Args:
        file: kept open as long as there may be reads.
        offsets: (N,) bytes.
        shape: of a window.
        dtype: as stored.
    """

    def __init__(
        self, file: h5py.File, offsets: np.ndarray, shape: tuple[int, ...], dtype: np.dtype
    ) -> None:
        self.file, self.descriptor = file, file.id.get_vfd_handle()
        self.offsets, self.shape, self.dtype = offsets, shape, dtype
        self._aid: tuple[int, ThreadPoolExecutor] | None = None

    @classmethod
    def of(cls, arrays: Sequence[h5py.Dataset]) -> "Extents | None":
        """Finds the windows of arrays (n, C, T), one after another; None where only libhdf5 can."""
        first = arrays[0]
        if first.file.userblock_size or first.file.driver != "sec2":
            return None
        found = [_offsets(array) for array in arrays if array.dtype == first.dtype]
        if len(found) < len(arrays) or any(offsets is None for offsets in found):
            return None
        offsets, last = np.concatenate(found), first.file.id.get_filesize() - _bytes(first)
        if offsets.min() < 0 or offsets.max() > last:
            return None  # libhdf5 has the words for it
        return cls(first.file, offsets, first.shape[1:], first.dtype)

    def read(self, places: np.ndarray, into: np.ndarray) -> None:
        """Reads windows into float32 rows of their shape, in the order of the file.

        Args:
            places: (n,) of the windows.
            into: (n, C, T).

        Raises:
            OSError: the file has become shorter.
        """
        found = self.offsets[places]
        rows, offsets = np.argsort(found, kind="stable").tolist(), found.tolist()
        if into.nbytes < _WORTH_A_THREAD:
            return self._read(offsets, rows, into)
        half = len(rows) // 2
        other = self._helper().submit(self._read, offsets, rows[half:], into)
        self._read(offsets, rows[:half], into)
        return other.result()

    def _read(self, offsets: list[int], rows: list[int], into: np.ndarray) -> None:
        stored = None if self.dtype == into.dtype else np.empty(self.shape, self.dtype)
        for row in rows:
            target = into[row] if stored is None else stored
            if os.preadv(self.descriptor, [target], offsets[row]) < target.nbytes:
                raise OSError("cut off since it was opened")
            if stored is not None:
                into[row] = stored

    def _helper(self) -> ThreadPoolExecutor:
        """A thread of this process: one from before a fork would never answer."""
        if self._aid is None or self._aid[0] != os.getpid():
            self._aid = os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="windows")
        return self._aid[1]


def _offsets(array: h5py.Dataset) -> np.ndarray | None:
    """Where each window of an array begins; None if that is not so simple."""
    if not h5py.h5t.py_create(array.dtype).equal(array.id.get_type()):
        return None
    if array.chunks is None:
        start = array.id.get_offset()
        return None if start is None else start + _bytes(array) * np.arange(len(array))
    plan, (together, *rest) = array.id.get_create_plist(), array.chunks
    chunks = -(-len(array) // together)
    if plan.get_nfilters() or tuple(rest) != array.shape[1:] or chunks > _MOST_CHUNKS:
        return None
    starts = np.full(chunks, -1, dtype=np.int64)

    def note(chunk: h5py.h5d.StoreInfo) -> None:
        starts[chunk.chunk_offset[0] // together] = chunk.byte_offset

    array.id.chunk_iter(note)
    if (starts < 0).any():  # one that was never written holds the fill value
        return None
    number, within = np.divmod(np.arange(len(array)), together)
    return starts[number] + within * _bytes(array)


def _bytes(array: h5py.Dataset) -> int:
    """Of one window."""
    return int(np.prod(array.shape[1:])) * array.dtype.itemsize
