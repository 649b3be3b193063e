"""HDF5 windows: what a split holds, and batches of it.

Two layouts are read as they are. *Flat*: `data` (N, C, T) and `label` (N, ...), optionally
`subject` (N,) and `recording` (N,), and the attributes `sampling_rate`, `channels`, `unit`,
`classes`, `licence` and `scale` (physical value = stored value * scale). *Grouped*: `<group>/X` and
`<group>/y`, as the public EEG preparation scripts write them; groups are read in key order.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np

from components.failures import InputError

SPLITS = ("train", "val", "test")
# Bytes of decompressed chunks kept by an open data set: shuffled batches come back to them.
CHUNK_CACHE = 64 << 20


@dataclass(frozen=True)
class Header:
    """What a split says of itself, without its windows.

    Attributes:
        windows, channels, samples: the shape (N, C, T) of the data.
        labels: (N, ...) integers as stored.
        subjects, recordings: (N,) strings, or None where the file names none.
        sampling_rate: in Hz.
        unit: of a stored value times `scale`.
    """

    windows: int
    channels: int
    samples: int
    dtype: str
    labels: np.ndarray
    subjects: np.ndarray | None
    recordings: np.ndarray | None
    sampling_rate: float | None
    channel_names: tuple[str, ...]
    unit: str | None
    classes: tuple[str, ...]
    scale: float
    licence: str | None

    def summary(self) -> dict[str, int | None]:
        """Numbers of windows, subjects and recordings; None where the file names none."""
        named = {"subjects": self.subjects, "recordings": self.recordings}
        counts = {key: None if v is None else len(np.unique(v)) for key, v in named.items()}
        return {"windows": self.windows, **counts}


def read_header(source: Path | BinaryIO, name: str = "") -> Header:
    """Reads a split's header from a path or a seekable binary file.

    Raises:
        InputError: not HDF5, or in neither layout.
    """
    name = name or str(source)
    with _open(source, name) as file, _readable(name):
        blocks = _blocks(file, name)
        shapes = {data.shape[1:] for data, _ in blocks}
        if len(shapes) > 1 or len(next(iter(shapes))) != 2:
            raise InputError(
                f"{name}: windows must have one shape (channels, samples), found {sorted(shapes)}"
            )
        channels, samples = shapes.pop()
        windows = sum(len(data) for data, _ in blocks)
        attributes = dict(file.attrs)
        return Header(
            windows=windows,
            channels=channels,
            samples=samples,
            dtype=str(blocks[0][0].dtype),
            labels=np.concatenate([label[()] for _, label in blocks]),
            subjects=_column(file, "subject", windows, name),
            recordings=_column(file, "recording", windows, name),
            sampling_rate=_number(attributes, "sampling_rate", name),
            channel_names=_texts(attributes.get("channels", attributes.get("channel_names"))),
            unit=next(iter(_texts(attributes.get("unit"))), None),
            licence=next(iter(_texts(attributes.get("licence"))), None),
            classes=_texts(attributes.get("classes")),
            scale=_number(attributes, "scale", name) or 1.0,
        )


class Windows:
    """The windows of one split, read in batches; the file is opened at the first read.

    The file is opened late because an HDF5 handle must not cross a fork.
    """

    def __init__(self, path: Path) -> None:
        header = read_header(path)
        self.path, self.scale, self._length = path, header.scale, header.windows
        self._blocks: list[tuple[h5py.Dataset, h5py.Dataset]] = []
        self._starts = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return self._length

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_blocks": []}

    def read(self, indices: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Reads windows by one sorted selection a block.

        Args:
            indices: places in the split, in any order, without repetition.

        Returns:
            (n, C, T) float32 in physical units and (n, ...) int64 labels, in the order asked for.
        """
        if not self._blocks:
            self._blocks = _blocks(_open(self.path, str(self.path)), str(self.path))
            self._starts = np.cumsum([0] + [len(data) for data, _ in self._blocks])
        wanted = np.asarray(indices, dtype=np.int64)
        order = np.argsort(wanted, kind="stable")
        ascending = wanted[order]
        cuts = np.searchsorted(ascending, self._starts)
        with _readable(str(self.path)):
            parts = [
                (_take(data, places), _take(label, places))
                for (data, label), start, low, high in zip(
                    self._blocks, self._starts, cuts, cuts[1:], strict=False
                )
                if len(places := ascending[low:high] - start)
            ]
        inputs = np.concatenate([part for part, _ in parts]).astype(np.float32, copy=False)
        labels = np.concatenate([part for _, part in parts]).astype(np.int64, copy=False)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return inputs[back] * np.float32(self.scale), labels[back]


def _take(dataset: h5py.Dataset, places: np.ndarray) -> np.ndarray:
    first, last = int(places[0]), int(places[-1])
    if last - first + 1 == len(places):
        return dataset[first : last + 1]
    return dataset[places]


def _open(source: Path | BinaryIO, name: str) -> h5py.File:
    try:
        return h5py.File(source, "r", rdcc_nbytes=CHUNK_CACHE)
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except OSError as error:
        raise InputError(f"{name}: not a readable HDF5 file ({error})") from None


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Tells damage that shows only where the file is read, beyond its first bytes."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{name}: damaged, cannot be read to its end ({error})") from None


def _blocks(file: h5py.File, name: str) -> list[tuple[h5py.Dataset, h5py.Dataset]]:
    if "data" in file and "label" in file:
        blocks = [(file["data"], file["label"])]
    else:
        groups = [file[key] for key in file if isinstance(file[key], h5py.Group)]
        blocks = [(group["X"], group["y"]) for group in groups if "X" in group and "y" in group]
    if not blocks:
        raise InputError(
            f"{name}: neither `data` and `label` nor groups with `X` and `y`; "
            f"the file holds {', '.join(list(file)[:5]) or 'nothing'}"
        )
    for data, label in blocks:
        _refuse_odd(data, label, name)
        if len(data) != len(label):
            raise InputError(f"{name}: {len(data)} windows but {len(label)} labels in {data.name}")
    if not sum(len(data) for data, _ in blocks):
        raise InputError(f"{name}: holds no window")
    if len({label.shape[1:] for _, label in blocks}) > 1:
        raise InputError(f"{name}: the groups hold labels of different shapes; make them one")
    return blocks


def _refuse_odd(data: object, label: object, name: str) -> None:
    for thing in (data, label):
        if not isinstance(thing, h5py.Dataset) or not thing.ndim:
            raise InputError(f"{name}: {thing.name} must be an array with a row for each window")
    if data.dtype.kind not in "biuf":
        raise InputError(f"{name}: {data.name} is of type {data.dtype}; store numbers")


def _column(file: h5py.File, key: str, windows: int, name: str) -> np.ndarray | None:
    if key not in file:
        return None
    if (shape := getattr(file[key], "shape", None)) != (windows,):
        raise InputError(
            f"{name}: `{key}` has the shape {shape}; it must be ({windows},), one for each window"
        )
    values = file[key][()]
    return np.array([v.decode() if isinstance(v, bytes) else str(v) for v in values])


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in np.atleast_1d(value))


def _number(attributes: Mapping[str, Any], key: str, name: str) -> float | None:
    if (value := attributes.get(key)) is None:
        return None
    try:
        return float(np.asarray(value).reshape(-1)[0])
    except (ValueError, TypeError, IndexError):
        raise InputError(f"{name}: the attribute {key} is {value!r}; it must be a number") from None
