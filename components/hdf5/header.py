"""What a split says of itself, without its windows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np

from components.failures import InputError
from components.hdf5.blocks import blocks_of, open_file, readable
from components.hdf5.columns import attribute, column, number, texts

_ATTRIBUTES = (
    "sampling_rate", "channels", "channel_names", "unit", "licence", "classes", "scale",
    "conversion",
)  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What a split says of itself, without its windows.

    Attributes:
        windows, channels, samples: the shape (N, C, T) of the data.
        labels: (N, ...) integers as stored.
        subjects, recordings: (N,) strings, or None where the file names none.
        sampling_rate: in Hz.
        unit: of a stored value times `scale`.
        conversion: how `biotune convert` made the windows of recordings, as JSON.
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
    conversion: str | None = None

    def summary(self) -> dict[str, int | None]:
        """Numbers of windows, subjects and recordings; None where the file names none."""
        named = {"subjects": self.subjects, "recordings": self.recordings}
        counts = {key: None if v is None else len(np.unique(v)) for key, v in named.items()}
        return {"windows": self.windows, **counts}


def read_header(source: Path | BinaryIO, name: str = "") -> Header:
    """Reads a split's header from a path or a seekable binary file.

    Raises:
        InputError: not HDF5, in neither layout, or damaged.
    """
    name = name or str(source)
    with open_file(source, name) as file, readable(name):
        return header_of(file, name)


def header_of(file: h5py.File, name: str, *, labelled: bool = True) -> Header:
    """The header of a file that is open; see `read_header`."""
    blocks = blocks_of(file, name, labelled=labelled)
    told = [label[()] for _, label in blocks if label is not None]
    shapes = {data.shape[1:] for data, _ in blocks}
    if len(shapes) > 1 or len(next(iter(shapes))) != 2:
        raise InputError(
            f"{name}: windows must have one shape (channels, samples), found {sorted(shapes)}"
        )
    channels, samples = shapes.pop()
    windows = sum(len(data) for data, _ in blocks)
    attributes = {key: attribute(file, key, name) for key in _ATTRIBUTES}
    names = attributes["channels"]
    return Header(
        windows=windows,
        channels=channels,
        samples=samples,
        dtype=str(blocks[0][0].dtype),
        labels=np.concatenate(told) if told else np.zeros(0, dtype=np.int64),
        subjects=column(file, "subject", windows, name),
        recordings=column(file, "recording", windows, name),
        sampling_rate=number(attributes["sampling_rate"], "sampling_rate", name),
        channel_names=texts(attributes["channel_names"] if names is None else names),
        unit=next(iter(texts(attributes.get("unit"))), None),
        licence=next(iter(texts(attributes.get("licence"))), None),
        conversion=next(iter(texts(attributes.get("conversion"))), None),
        classes=texts(attributes.get("classes")),
        scale=_scale(attributes, name),
    )


def _scale(attributes: Mapping[str, Any], name: str) -> float:
    scale = number(attributes["scale"], "scale", name)
    if scale == 0:
        raise InputError(f"{name}: the attribute scale is 0, which makes every window silent")
    return 1.0 if scale is None else scale
