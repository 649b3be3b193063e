"""Windows of an HDF5 file, in order and slice by slice: memory does not follow its length."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from components import flaws
from components.failures import InputError
from components.hdf5 import Header
from components.hdf5.blocks import blocks_of, open_file, readable
from components.hdf5.columns import attribute, number, text, texts
from components.hdf5.soundness import child, require_sound
from components.predict.batch import INDEX, TEXT, Batch, described
from components.predict.flawed import treated

_NAMED = ("recording", "subject")


class Split:
    """A source of the windows of one file in either layout; see `batch.Source`.

    Args:
        name: for messages.
        policy: what is done about channels without a signal.
        give_up: whether a window that would be refused gets a row without numbers instead.

    Raises:
        InputError: the file can't be read, or holds no windows.
    """

    def __init__(self, path: Path, name: str, policy: flaws.Policy, *, give_up: bool) -> None:
        self.name, self._policy, self._give_up = name, policy, give_up
        self._file = open_file(path, name)  # another process has found it sound to its end
        with readable(name):
            self._blocks = [data for data, _ in blocks_of(self._file, name, labelled=False)]
            self.header = _header(self._file, self._blocks, name)
            found = {key: _column(self._file, key, self.header, name) for key in _NAMED}
        self._texts = {key: column for key, column in found.items() if column is not None}
        self.columns = {**dict.fromkeys(self._texts, TEXT), "index": INDEX}
        self._place = 0  # of the next window in the first block

    def batches(self, size: int) -> Iterator[Batch]:
        """Reads the file once, from its first window to its last."""
        for start in range(0, self.header.windows, size):
            stop = min(start + size, self.header.windows)
            with readable(self.name):
                windows = self._take(stop - start)
                named = {key: _read(column, start, stop) for key, column in self._texts.items()}
            told, lost = treated(
                windows,
                start,
                self._policy,
                self.name,
                self.header.channel_names,
                give_up=self._give_up,
            )
            yield Batch(windows, {**named, "index": np.arange(start, stop)}, told, lost)

    def _take(self, count: int) -> np.ndarray:
        """The next windows; a block that is through is let go, and its cache with it."""
        parts = []
        while count:
            part = self._blocks[0][self._place : self._place + count]
            self._place += len(part)
            count -= len(part)
            parts.append(part)
            if self._place == len(self._blocks[0]):
                del self._blocks[0]
                self._place = 0
        inputs = np.concatenate(parts).astype(np.float32, copy=False)
        return inputs * np.float32(self.header.scale)


def _header(file: h5py.File, blocks: list[h5py.Dataset], name: str) -> Header:
    shapes = {data.shape[1:] for data in blocks}
    if len(shapes) > 1 or len(next(iter(shapes))) != 2:
        raise InputError(
            f"{name}: windows must have one shape (channels, samples), found {sorted(shapes)}"
        )
    said = {
        key: attribute(file, key, name)
        for key in ("channels", "channel_names", "sampling_rate", "unit", "scale")
    }
    names = said["channel_names"] if said["channels"] is None else said["channels"]
    rate, scale = (number(said[key], key, name) for key in ("sampling_rate", "scale"))
    unit = next(iter(texts(said["unit"])), None)
    count = sum(len(data) for data in blocks)
    scale = 1.0 if scale is None else scale
    return described(count, shapes.pop(), texts(names), rate, unit, scale)


def _column(file: h5py.File, key: str, header: Header, name: str) -> h5py.Dataset | None:
    """What names each window's recording or subject; it is read in slices later."""
    found = child(file, key, name)
    if found is None:
        return None
    if getattr(found, "shape", None) != (header.windows,):
        raise InputError(f"{name}: `{key}` must have one text for each window")
    require_sound(found, name)
    return found


def _read(column: h5py.Dataset, start: int, stop: int) -> list[str]:
    return [text(value) for value in column[start:stop]]
