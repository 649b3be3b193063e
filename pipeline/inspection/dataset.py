"""What a dataset is: its splits by their headers, and the quartiles of the training windows."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from components import hdf5, storage
from components.checkpoint.contents import printable
from components.failures import InputError
from components.hdf5 import Header
from components.storage import shown

_MOST_WINDOWS = 2000
_MOST_VALUES = 50_000_000  # 200 MB as float32
_KEY = "input_normalization.quartile_normalization"


def read(uri: str) -> dict[str, Any]:
    """A folder or prefix; see `pipeline.inspection.read`."""
    names = storage.listing(uri)
    files = {s: storage.join(uri, f"{s}.h5") for s in hdf5.SPLITS if f"{s}.h5" in names}
    headers = {split: _header(file) for split, file in files.items()}
    return {
        "kind": "dataset",
        "uri": shown(uri),
        "missing": [split for split in hdf5.SPLITS if split not in files],
        **_described(files, headers),
        "shared_subjects": _shared(headers),
        "quartiles": quartiles(files["train"]) if "train" in files else None,
    }


def read_split(uri: str) -> dict[str, Any]:
    """One file of a dataset."""
    name = uri.rstrip("/").rpartition("/")[2].removesuffix(".h5")
    return {
        "kind": "dataset",
        "uri": shown(uri),
        "missing": [],
        **_described({name: uri}, {name: _header(uri)}),
        "shared_subjects": {},
        "quartiles": quartiles(uri) if name == "train" else None,
    }


def quartiles(uri: str) -> dict[str, Any]:
    """The 25 % and 75 % quantiles of all values in evenly spaced windows, and overrides of them.

    The values are in the unit of the data (stored value times `scale`), as the normalization gets
    them; those that are not finite are counted and left out.
    """
    with storage.open_binary(uri) as stream:
        windows = hdf5.Windows(stream)
        header = _header(uri)
        most = max(1, _MOST_VALUES // (header.channels * header.samples))
        count = min(len(windows), _MOST_WINDOWS, most)
        places = np.linspace(0, len(windows) - 1, count).round().astype(np.int64)
        try:
            values = windows.read(np.unique(places))[0].ravel()
        except OSError as error:
            raise InputError(f"{shown(uri)}: its windows can't be read ({error})") from error
        del windows  # the HDF5 handle goes before its stream
    usable = values[np.isfinite(values)]
    found = {"windows": count, "not_finite": int(values.size - usable.size)}
    if not usable.size:
        return {**found, "lower": None, "upper": None, "overrides": []}
    lower, upper = (f"{v:.6g}" for v in np.percentile(usable, [25, 75], overwrite_input=True))
    overrides = [f"{_KEY}_lower_val={lower}", f"{_KEY}_upper_val={upper}"]
    return {**found, "lower": float(lower), "upper": float(upper), "overrides": overrides}


def _header(uri: str) -> Header:
    with storage.open_binary(uri) as stream:
        return hdf5.read_header(stream, shown(uri))


def _described(files: Mapping[str, str], headers: Mapping[str, Header]) -> dict[str, Any]:
    return {
        "splits": {split: _split(files[split], header) for split, header in headers.items()},
        "task": _task(list(headers.values())),
    }


def _split(uri: str, header: Header) -> dict[str, Any]:
    recordings = header.recordings
    with storage.open_binary(uri) as stream:
        size = stream.seek(0, 2)
    return {
        "uri": shown(uri),
        "size": size,
        **header.summary(),
        "channels": header.channels,
        "samples": header.samples,
        "dtype": header.dtype,
        "scale": _finite(header.scale),
        "unit": None if header.unit is None else printable(header.unit),
        "sampling_rate": _finite(header.sampling_rate),
        "channel_names": [printable(name) for name in header.channel_names],
        "subjects": None if header.subjects is None else _texts(header.subjects),
        "recordings": None if recordings is None else len(np.unique(recordings)),
        "classes": [printable(name) for name in header.classes],
        "label_shape": list(header.labels.shape),
        "labels": _counts(header.labels),
    }


def _counts(labels: np.ndarray) -> list[dict[str, int]]:
    """How often each value occurs: one mapping for each column of (N, ...) labels."""
    columns = labels.reshape(len(labels), -1).T
    pairs = (np.unique(column, return_counts=True) for column in columns)
    return [{printable(str(v)): int(n) for v, n in zip(*pair, strict=True)} for pair in pairs]


def _task(headers: list[Header]) -> list[str]:
    """The overrides that fit the labels, as far as these can tell."""
    if any(header.labels.dtype.kind not in "iu" for header in headers):
        return []
    shapes = {header.labels.shape[1:] for header in headers}
    lowest = min(header.labels.min() for header in headers)
    values = 1 + int(max(header.labels.max() for header in headers))
    shape = shapes.pop()
    if shapes or lowest < 0 or len(shape) > 1:
        return []
    named = max(len(header.classes) for header in headers)
    if not shape:
        number = max(values, named, 2)
        return [f"classification_type={'bc' if number == 2 else 'mcc'}", f"num_classes={number}"]
    if values <= 2:
        return ["classification_type=mc", f"num_classes={shape[0]}"]
    return ["classification_type=mmc", f"num_outputs={shape[0]}", f"num_classes={values}"]


def _shared(headers: Mapping[str, Header]) -> dict[str, list[str]]:
    """The subjects that two splits have in common, under "first and second"."""
    known = {s: np.unique(h.subjects) for s, h in headers.items() if h.subjects is not None}
    pairs = {
        f"{a} and {b}": _texts(np.intersect1d(known[a], known[b]))
        for a, b in combinations(known, 2)
    }
    return {pair: subjects for pair, subjects in pairs.items() if subjects}


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def _texts(values: np.ndarray) -> list[str]:
    return [printable(str(value)) for value in np.unique(values)]
