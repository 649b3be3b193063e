"""A few windows of a split, evenly spaced, looked at for what no header tells."""

from dataclasses import dataclass
from typing import BinaryIO

import h5py
import numpy as np

from components import flaws
from components.hdf5 import Header
from components.hdf5.blocks import blocks_of, open_file, readable

PLACES, TOGETHER = 16, 4  # four windows in a row at sixteen places: few requests, 64 windows
_MOST = 64 * 2**20  # bytes to read of a split


@dataclass(frozen=True)
class Sample:
    """What some windows of a split hold, in physical units.

    Attributes:
        windows: how many were looked at.
        places: (n,) their indices in the split.
        flaws: (n, C) of each kind, which channels carry no signal.
        constant: how many are constant in every channel.
        dead: channels that are constant in all of them.
        quartiles: lower quartile, median and upper quartile over the channels and windows that
            carry a signal; None if none does.
    """

    windows: int
    places: np.ndarray
    flaws: dict[str, np.ndarray]
    constant: int
    dead: tuple[int, ...]
    quartiles: tuple[float, float, float] | None


def take(stream: BinaryIO, header: Header, name: str) -> Sample | None:
    """Reads windows at evenly spaced places, at most 64 windows or 64 MiB.

    Returns:
        None where even that much does not hold a single place, because the file's chunks are
        larger.

    Raises:
        InputError: the file is damaged at one of the places.
    """
    with open_file(stream, name) as file, readable(name):
        blocks = [data for data, _ in blocks_of(file, name)]
        places = _places(header, max(_cost(data) for data in blocks))
        if not places.size:
            return None
        starts = np.cumsum([0] + [len(data) for data in blocks])
        parts = []
        for data, start, end in zip(blocks, starts, starts[1:], strict=False):
            here = places[(places >= start) & (places < end)] - start
            for row in np.split(here, np.flatnonzero(np.diff(here) != 1) + 1):
                if row.size:
                    parts.append(data[int(row[0]) : int(row[-1]) + 1].astype(np.float32))
    return _looked_at(np.concatenate(parts) * np.float32(header.scale), places)


def _cost(data: h5py.Dataset) -> int:
    """Bytes that are read at one place: whole chunks where there are chunks."""
    window = data.dtype.itemsize * int(np.prod(data.shape[1:]))
    if not data.chunks:
        return TOGETHER * window
    along = min(-(-TOGETHER // data.chunks[0]) + 1, -(-len(data) // data.chunks[0]))
    across = [-(-n // c) * c for n, c in zip(data.shape[1:], data.chunks[1:], strict=True)]
    return data.dtype.itemsize * data.chunks[0] * int(np.prod(across)) * along


def _places(header: Header, cost: int) -> np.ndarray:
    count = min(PLACES, _MOST // max(1, cost), -(-header.windows // TOGETHER))
    if not count:
        return np.zeros(0, dtype=np.int64)
    starts = np.linspace(0, max(0, header.windows - TOGETHER), count).astype(np.int64)
    places = np.unique(starts[:, None] + np.arange(TOGETHER))
    return places[places < header.windows]


def _looked_at(values: np.ndarray, places: np.ndarray) -> Sample:
    found = flaws.find(values)
    alive = ~(found[flaws.NOT_FINITE] | found[flaws.CONSTANT])
    quartiles = None
    if alive.any():
        low, middle, high = np.quantile(values[alive], (0.25, 0.5, 0.75))
        quartiles = float(low), float(middle), float(high)
    return Sample(
        windows=len(values),
        places=places,
        flaws=found,
        constant=int(found[flaws.CONSTANT].all(axis=1).sum()),
        dead=tuple(np.flatnonzero(found[flaws.CONSTANT].all(axis=0)).tolist()),
        quartiles=quartiles,
    )
