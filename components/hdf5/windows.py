"""Windows, read in batches."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from components.failures import InputError
from components.hdf5 import warden
from components.hdf5.blocks import blocks_of, open_file, readable
from components.hdf5.header import read_header


class Windows:
    """The windows of one split, read in batches; the file is opened at the first read.

    The file is opened late because an HDF5 handle must not cross a fork.
    """

    def __init__(self, path: Path) -> None:
        header = read_header(path)
        self._signature = warden.signed(path)
        self.path, self.scale, self._length = path, header.scale, header.windows
        self._blocks: list[tuple[h5py.Dataset, h5py.Dataset]] = []
        self._starts = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return self._length

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_blocks": []}

    def read(self, indices: Sequence[int], *, finite: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Reads windows by one sorted selection a block.

        Args:
            indices: places in the split, in any order, without repetition.
            finite: whether to refuse what is not finite.

        Returns:
            (n, C, T) float32 in physical units and (n, ...) int64 labels, in the order asked for.

        Raises:
            InputError: a window that is not finite, or a damaged file.
        """
        if not self._blocks:
            warden.remember(self._signature)  # in a worker, what was tried before it began
            self._blocks = blocks_of(open_file(self.path, str(self.path)), str(self.path))
            self._starts = np.cumsum([0] + [len(data) for data, _ in self._blocks])
        wanted = np.asarray(indices, dtype=np.int64)
        order = np.argsort(wanted, kind="stable")
        ascending = wanted[order]
        cuts = np.searchsorted(ascending, self._starts)
        with readable(str(self.path)):
            parts = [
                (_take(data, places), _take(label, places))
                for (data, label), start, low, high in zip(
                    self._blocks, self._starts, cuts, cuts[1:], strict=False
                )
                if len(places := ascending[low:high] - start)
            ]
        inputs = np.concatenate([part for part, _ in parts]).astype(np.float32, copy=False)
        if finite:
            _refuse_broken(inputs, ascending, self.path)
        labels = np.concatenate([part for _, part in parts]).astype(np.int64, copy=False)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return inputs[back] * np.float32(self.scale), labels[back]


def _refuse_broken(inputs: np.ndarray, places: np.ndarray, path: Path) -> None:
    """One NaN in a batch would spoil every weight of the model."""
    if np.isfinite(inputs).all():
        return
    broken = places[~np.isfinite(inputs).all(axis=(1, 2))]
    raise InputError(
        f"{path}: window {broken[0]} holds NaN or infinite values; mend it or leave it out"
    )


def _take(dataset: h5py.Dataset, places: np.ndarray) -> np.ndarray:
    first, last = int(places[0]), int(places[-1])
    if last - first + 1 == len(places):
        return dataset[first : last + 1]
    return dataset[places]
