"""The windows of some subjects in several files, as if they were one split. Nothing is copied."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from components.failures import InputError
from components.hdf5.header import Header, read_header
from components.hdf5.windows import Windows

UNNAMED = (
    "{}: names no subjects, and a fold is a choice of subjects; add a dataset `subject` with a "
    "name for each window"
)


@dataclass(frozen=True)
class Selection:
    """Whose windows, and in which files. Their order is that of the files, and within a file its.

    Attributes:
        files: HDF5 files of one dataset, alike in shape, rate, unit and classes.
        subjects: names.
        headers: of the files, where they are known already.
    """

    files: tuple[Path, ...]
    subjects: tuple[str, ...] = ()
    headers: tuple[Header, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Selection":
        """A selection from the plain JSON data that `plain` gives."""
        return cls.in_files(map(Path, plain["files"])).choosing(plain["subjects"])

    @classmethod
    def in_files(cls, files: Iterable[Path]) -> "Selection":
        """Nobody's windows yet, in files that all name their subjects.

        Raises:
            InputError: one names none, or can't be read.
        """
        found = tuple(files)
        headers = tuple(map(read_header, found))
        for file, header in zip(found, headers, strict=True):
            if header.subjects is None:
                raise InputError(UNNAMED.format(file))
        return cls(found, (), headers)

    def choosing(self, subjects: Iterable[str]) -> "Selection":
        """The windows of these."""
        return replace(self, subjects=tuple(subjects))

    def plain(self) -> dict[str, list[str]]:
        """The same as plain JSON data, for another process."""
        return {"files": list(map(str, self.files)), "subjects": list(self.subjects)}

    @cached_property
    def places(self) -> list[np.ndarray]:
        """The places of the windows in each file, ascending."""
        return [np.flatnonzero(np.isin(header.subjects, self.subjects)) for header in self.headers]

    @property
    def index(self) -> np.ndarray:
        """The windows' places in all files, one after the other."""
        before = np.cumsum([0] + [header.windows for header in self.headers])
        return np.concatenate([p + start for p, start in zip(self.places, before, strict=False)])

    @property
    def header(self) -> Header:
        """What the chosen windows say of themselves; `scale` is each file's own."""
        return join(self.headers, self.places)

    def windows(self) -> "SelectedWindows":
        """Reads them."""
        return SelectedWindows(self)


Source = Path | Selection


def opened(source: Source) -> "Windows | SelectedWindows":
    """Reads the windows of a split, wherever they lie."""
    return source.windows() if isinstance(source, Selection) else Windows(source)


def located(windows: "Windows | SelectedWindows", indices: Sequence[int]) -> np.ndarray:
    """Windows as people are told of them: by the place in their file; of a selection, in all."""
    found = np.asarray(indices, dtype=np.int64)
    return windows.index[found] if isinstance(windows, SelectedWindows) else found


class SelectedWindows:
    """`Windows` over a selection: places count from its first window to its last."""

    def __init__(self, selection: Selection) -> None:
        self._files = [Windows(file) for file in selection.files]
        self.path = Path(" + ".join(map(str, selection.files)))  # for messages
        self.channel_names = selection.headers[0].channel_names
        self._places, self.index = selection.places, selection.index
        self._starts = np.cumsum([0] + [len(places) for places in self._places])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, indices: Sequence[int], **options: Any) -> tuple[np.ndarray, np.ndarray]:
        """Reads windows, from each file at once; see `Windows.read`."""
        wanted = np.asarray(indices, dtype=np.int64)
        owners = np.searchsorted(self._starts, wanted, side="right") - 1
        inputs = labels = None
        for number, file in enumerate(self._files):
            mine = np.flatnonzero(owners == number)
            if not len(mine):
                continue
            places = self._places[number][wanted[mine] - self._starts[number]]
            some, theirs = file.read(places, **options)
            if inputs is None:
                inputs = np.empty((len(wanted), *some.shape[1:]), some.dtype)
                labels = np.empty((len(wanted), *theirs.shape[1:]), theirs.dtype)
            inputs[mine], labels[mine] = some, theirs
        return inputs, labels


def join(headers: Sequence[Header], places: Sequence[np.ndarray | slice]) -> Header:
    """One header of chosen windows of several files."""
    columns = {
        key: None
        if any(getattr(header, key) is None for header in headers)
        else np.concatenate([getattr(h, key)[p] for h, p in zip(headers, places, strict=True)])
        for key in ("labels", "subjects", "recordings")
    }
    return replace(headers[0], windows=len(columns["labels"]), scale=1.0, **columns)
