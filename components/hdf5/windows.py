"""Windows, read in batches."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from components.hdf5 import warden
from components.hdf5.blocks import blocks_of, open_file, readable
from components.hdf5.extents import Extents
from components.hdf5.header import read_header
from components.hdf5.slabs import Held, Slabs


class Windows:
    """The windows of one split, read in batches; the file is opened at the first read.

    The file is opened late because an HDF5 handle must not cross a fork.
    """

    def __init__(self, path: Path) -> None:
        header = read_header(path)
        self._signature = warden.signed(path)
        self.path, self.scale = path, header.scale
        self.channel_names = header.channel_names
        self._shape = header.channels, header.samples
        self._labels = header.labels.astype(np.int64, copy=False)
        self._source: Extents | Held | Slabs | None = None

    def __len__(self) -> int:
        return len(self._labels)

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_source": None}

    def read(self, indices: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Reads windows.

        Args:
            indices: places in the split, in any order, without repetition.

        Returns:
            (n, C, T) float32 in physical units and (n, ...) int64 labels, in the order asked for.

        Raises:
            InputError: a damaged file.
        """
        places = np.asarray(indices, dtype=np.int64)
        inputs = np.empty((len(places), *self._shape), dtype=np.float32)
        with readable(str(self.path)):
            self._source = self._source or self._opened()
            self._source.read(places, inputs)
        if self.scale != 1:
            inputs *= np.float32(self.scale)
        return inputs, self._labels[places]

    def _opened(self) -> Extents | Held | Slabs:
        """The quickest way to these windows."""
        warden.remember(self._signature)  # in a worker, what was tried before it began
        name = str(self.path)
        arrays = [data for data, _ in blocks_of(open_file(self.path, name), name)]
        if extents := Extents.of(arrays):
            return extents
        return Held(arrays) if Held.possible(arrays) else Slabs(arrays)
