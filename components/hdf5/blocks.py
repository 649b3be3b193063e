"""The arrays of a file in either layout: pairs of windows and labels."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import h5py

from components.failures import Failure, InputError, first_line
from components.hdf5 import warden
from components.hdf5.grouping import pairs_of, require_flat
from components.hdf5.soundness import child, plain, require_sound, require_sum

# Bytes of decompressed chunks kept by an open data set: shuffled batches come back to them.
CHUNK_CACHE = 64 << 20

for _ in range(h5py.h5pl.size()):  # no filter is loaded from anywhere
    h5py.h5pl.remove(0)


def open_file(source: Path | BinaryIO, name: str) -> h5py.File:
    """Opens a file that another process could read, or says in one line that it cannot be.

    Raises:
        InputError: see `warden.vet`.
    """
    warden.vet(source, name)
    return opened(source, name)


def opened(source: Path | BinaryIO, name: str) -> h5py.File:
    """Opens a file in this process, whatever it may do to it."""
    try:
        return h5py.File(source, "r", rdcc_nbytes=CHUNK_CACHE)
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise InputError(f"{name}: not a readable HDF5 file ({_said(error)})") from None


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Tells damage that shows only where the file is read, beyond its first bytes."""
    try:
        yield
    except Failure:
        raise
    except MemoryError:
        raise InputError(f"{name}: damaged, or far too large for this memory") from None
    except (
        *(OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError),
        *(AttributeError, IndexError, NotImplementedError, RecursionError),
    ) as error:  # h5py has one of them for each of libhdf5's errors
        raise InputError(f"{name}: damaged, cannot be read to its end ({_said(error)})") from None


def blocks_of(
    file: h5py.File, name: str, *, labelled: bool = True
) -> list[tuple[h5py.Dataset, h5py.Dataset | None]]:
    """Windows (n, C, T) and labels (n, ...): one pair if the file is flat, one a group if not.

    Args:
        labelled: whether labels must be there; None stands for those that need not and are not.

    Raises:
        InputError: the file is in neither layout, or keeps its arrays elsewhere.
    """
    data, label = child(file, "data", name), child(file, "label", name)
    blocks = [(data, label)]
    if data is not None:
        require_flat(file, name)
    if data is None or (label is None and labelled):
        blocks = pairs_of(file, name, labelled=labelled)
    if not blocks:
        held = ", ".join(map(plain, list(file)[:5])) or "nothing"
        raise InputError(
            f"{name}: neither `data` and `label` nor groups with `X` and `y`; the file holds {held}"
        )
    for data, label in blocks:
        _refuse_odd(data, label, name)
        _refuse_scale(data, name)
        if label is not None and len(data) != len(label):
            raise InputError(f"{name}: {len(data)} windows but {len(label)} labels in {data.name}")
    if not sum(len(data) for data, _ in blocks):
        raise InputError(f"{name}: holds no window")
    for together in zip(*blocks, strict=True):  # the groups may be one and the same
        require_sum([array for array in together if array is not None] or [blocks[0][0]], name)
    if len({label.shape[1:] for _, label in blocks if label is not None}) > 1:
        raise InputError(f"{name}: the groups hold labels of different shapes; make them one")
    return blocks


def _refuse_scale(data: h5py.Dataset, name: str) -> None:
    """A scale that is not the file's would be passed over."""
    group = data.name.rpartition("/")[0]
    for place in filter(None, (data.name, group)):  # of the library itself: there may be many
        if h5py.h5a.exists(data.id, b"scale", obj_name=place.encode()):
            raise InputError(
                f"{name}: {plain(place)} has an attribute scale, which is read of the file alone; "
                "set it as an attribute of the file, one for all windows"
            )


def _refuse_odd(data: object, label: object, name: str) -> None:
    for thing in (data, label) if label is not None else (data,):
        if not isinstance(thing, h5py.Dataset) or not thing.ndim:
            raise InputError(
                f"{name}: {plain(thing.name)} must be an array with a row for each window"
            )
        require_sound(thing, name)
        if thing.dtype.kind not in "biuf":
            raise InputError(
                f"{name}: {plain(thing.name)} is of type {str(thing.dtype)[:80]}; store numbers"
            )


def _said(error: BaseException) -> str:
    return plain(first_line(error)[:300], 300)
