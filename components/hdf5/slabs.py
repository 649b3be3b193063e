"""Windows that libhdf5 has to unpack: all at once where they are few, else by selections."""

from collections.abc import Sequence

import h5py
import numpy as np

from components.hdf5.blocks import CHUNK_CACHE


class Held:
    """Windows in memory, no more of them than libhdf5 would keep of unpacked chunks."""

    def __init__(self, arrays: Sequence[h5py.Dataset]) -> None:
        self.windows = np.concatenate([array[()] for array in arrays])

    @staticmethod
    def possible(arrays: Sequence[h5py.Dataset]) -> bool:
        """Whether they are so few."""
        return sum(array.nbytes for array in arrays) <= CHUNK_CACHE

    def read(self, places: np.ndarray, into: np.ndarray) -> None:
        """Copies windows (n,) into float32 rows (n, C, T)."""
        into[...] = self.windows[places]


class Slabs:
    """Windows of arrays, one after another, read by one sorted selection of each."""

    def __init__(self, arrays: Sequence[h5py.Dataset]) -> None:
        self.arrays = arrays
        self.starts = np.cumsum([0, *map(len, arrays)])

    def read(self, places: np.ndarray, into: np.ndarray) -> None:
        """Reads windows (n,), each place once, into float32 rows (n, C, T)."""
        order = np.argsort(places, kind="stable")
        cuts = np.searchsorted(places[order], self.starts)
        for array, start, low, high in zip(self.arrays, self.starts, cuts, cuts[1:], strict=False):
            if low < high:
                rows = order[low:high]
                into[rows] = _take(array, places[rows] - start)


def _take(array: h5py.Dataset, places: np.ndarray) -> np.ndarray:
    first, last = int(places[0]), int(places[-1])
    if last - first + 1 == len(places):
        return array[first : last + 1]
    return array[places]
