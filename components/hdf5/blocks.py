"""The arrays of a file in either layout: pairs of windows and labels."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import h5py

from components.failures import InputError

# Bytes of decompressed chunks kept by an open data set: shuffled batches come back to them.
CHUNK_CACHE = 64 << 20


def open_file(source: Path | BinaryIO, name: str) -> h5py.File:
    """Opens a file, or says in one line that it cannot be."""
    try:
        return h5py.File(source, "r", rdcc_nbytes=CHUNK_CACHE)
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except OSError as error:
        raise InputError(f"{name}: not a readable HDF5 file ({error})") from None


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Tells damage that shows only where the file is read, beyond its first bytes."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{name}: damaged, cannot be read to its end ({error})") from None


def blocks_of(file: h5py.File, name: str) -> list[tuple[h5py.Dataset, h5py.Dataset]]:
    """Windows (n, C, T) and labels (n, ...): one pair if the file is flat, one a group if not.

    Raises:
        InputError: the file is in neither layout.
    """
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
