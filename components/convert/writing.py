"""Writes a split in the flat layout, window by window."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

_CHUNK = 2**18  # bytes, so that a few windows are read at a time


class SplitWriter:
    """A split that grows; its columns follow at the end.

    Args:
        shape: (C, T) of a window.
        attributes: of the file.
    """

    def __init__(self, path: Path, shape: tuple[int, int], attributes: Mapping[str, Any]) -> None:
        rows = int(np.clip(_CHUNK // (4 * shape[0] * shape[1]), 1, 64))
        # A fixed version, so that the bytes depend on the windows alone.
        self._file = h5py.File(path, "w", libver=("earliest", "v110"))
        self._data = self._file.create_dataset(
            "data",
            shape=(0, *shape),
            maxshape=(None, *shape),
            chunks=(rows, *shape),
            dtype=np.float32,
            track_times=False,
        )
        self._file.attrs.update(attributes)
        self._labels: list[np.ndarray] = []
        self._owners: list[tuple[str, str, int]] = []
        self.count = 0

    def append(self, data: np.ndarray) -> None:
        """Adds windows (n, C, T); `belong` tells later whose they are."""
        held = len(self._data)
        self._data.resize(held + len(data), axis=0)
        self._data[held:] = data

    def belong(self, subject: str, recording: str, labels: np.ndarray) -> None:
        """Says whose the windows are that were added since, and their labels (n, ...)."""
        self._owners.append((subject, recording, len(labels)))
        self._labels.append(labels)
        self.count += len(labels)

    def forget(self) -> None:
        """Takes away windows that belong to no one: their recording broke off."""
        self._data.resize(self.count, axis=0)

    def close(self) -> None:
        """Writes the columns."""
        labels = np.concatenate(self._labels) if self._labels else np.zeros(0, np.int64)
        with self._file as file:
            options = {"compression": "gzip"} if self.count else {}
            file.create_dataset("label", data=labels, track_times=False, **options)
            for place, name in enumerate(("subject", "recording")):
                texts = [owner[place].encode() for owner in self._owners]
                longest = max(map(len, texts), default=1)
                column = np.repeat(
                    np.array(texts, dtype=f"S{longest}"), [owner[2] for owner in self._owners]
                )
                kind = h5py.string_dtype("utf-8", longest)
                file.create_dataset(name, data=column.astype(kind), track_times=False, **options)
