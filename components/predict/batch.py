"""What sources give, whatever they read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from components.hdf5 import Header

TEXT, INDEX, SECONDS = "string", "int64", "float64"  # types of columns, as pyarrow calls them


@dataclass(frozen=True)
class Batch:
    """Some windows in their order.

    Attributes:
        windows: (n, C, T) float32 in the unit of the data.
        columns: n values each of what the source knows of a window, by name.
        flaws: (n,) what is wrong with a window, or None.
        lost: (n,) booleans: nothing can be said of this window.
    """

    windows: np.ndarray
    columns: dict[str, Sequence]
    flaws: list[str | None]
    lost: np.ndarray


class Source(Protocol):
    """Windows that are read in order, a batch at a time.

    Attributes:
        columns: what it knows of a window, with the columns' types.
    """

    columns: dict[str, str]

    def batches(self, size: int) -> Iterator[Batch]:
        """Batches of `size` windows, the last one smaller."""


def described(
    windows: int,
    shape: tuple[int, int],
    names: tuple[str, ...],
    sampling_rate: float | None,
    unit: str | None,
    scale: float = 1.0,
) -> Header:
    """A header of windows alone: no column of it is read, however long the data are."""
    channels, samples = shape
    return Header(
        windows=windows,
        channels=channels,
        samples=samples,
        dtype="float32",
        labels=np.zeros(0, dtype=np.int64),
        subjects=None,
        recordings=None,
        sampling_rate=sampling_rate,
        channel_names=names,
        unit=unit,
        classes=(),
        scale=scale,
        licence=None,
    )
