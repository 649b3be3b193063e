"""The recordings that are meant by files and folders."""

import logging
import os
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.failures import Findings, InputError

log = logging.getLogger("biotune")

SUFFIXES = (".edf", ".bdf", ".fif", ".npz", ".csv", ".tsv")
_BIDS = "dataset_description.json"
_MODALITY = re.compile(r"_(eeg|emg|ieeg|meg)$")
_SPLIT = re.compile(r"(-[1-9]\d?|_split-(?!0*1(?!\d))\d+(_[a-z]+)?)$")  # mne reads on by itself


@dataclass(frozen=True)
class Source:
    """A recording that is not open yet.

    Attributes:
        name: the path below the folder that was given, without suffix; unique in a conversion.
        root: of the BIDS data set that it belongs to.
    """

    path: Path
    name: str
    root: Path | None = None


def find(paths: Sequence[Path], leave_out: Collection[Path] = ()) -> list[Source]:
    """The recordings at files and below folders, by name.

    A file that several links or folders lead to is taken once.

    Args:
        leave_out: tables that lie among them.

    Raises:
        InputError: nothing is there, or two files have one name.
    """
    others = {_resolved(path) for path in leave_out}
    sources: dict[Path, Source] = {}
    for source in (source for path in paths for source in _below(Path(path).expanduser())):
        if (place := source.path.resolve()) in others:
            continue
        if (first := sources.setdefault(place, source)).path != source.path:
            log.warning("%s: is %s again; left out", source.path, first.path)
    if not sources:
        told = ", ".join(map(str, paths))
        raise InputError(f"{told}: no recordings there; they end in {', '.join(SUFFIXES)}")
    names: dict[str, Path] = {}
    twice = []
    for source in sources.values():
        if (first := names.setdefault(source.name, source.path)) != source.path:
            twice.append(
                f"{source.path}: {first} would have the same name ({source.name}); rename one, or "
                "leave one out"
            )
    if twice:
        raise Findings(twice)
    return sorted(sources.values(), key=lambda source: source.name)


def _below(path: Path) -> list[Source]:
    if path.is_file():
        return [Source(path, path.stem)]
    if not path.is_dir():
        raise InputError(f"{path}: there is no such file or folder")
    if (path / _BIDS).is_file():
        return [
            Source(file, _MODALITY.sub("", file.stem), path)
            for file in _signals(path.glob("sub-*"))
            if _MODALITY.search(file.stem)
        ]
    return [
        Source(file, file.relative_to(path).with_suffix("").as_posix()) for file in _signals([path])
    ]


def _signals(folders: Iterable[Path]) -> list[Path]:
    """Files with a known suffix, without hidden ones and the later parts of a divided FIF."""
    return [
        file
        for file in sorted(_files(folders), key=lambda file: (file.is_symlink(), file))
        if file.suffix.lower() in SUFFIXES
        and file.is_file()
        and not file.name.startswith(".")
        and not (file.suffix.lower() == ".fif" and _SPLIT.search(file.stem))
    ]


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    """All files to the bottom, through linked folders, too.

    A folder is searched once, so that a ring of links ends: by its own path rather than a link's.
    """
    waiting, seen = deque(sorted(folders, key=lambda folder: (folder.is_symlink(), folder))), {}
    while waiting:
        for name, below, files in os.walk(waiting.popleft()):
            folder = Path(name)
            if (first := seen.setdefault(folder.resolve(), folder)) != folder:
                log.warning("%s: leads to %s again; left out", folder, first)
                below.clear()
                continue
            below[:] = sorted(other for other in below if not other.startswith("."))
            waiting.extend(folder / other for other in below if (folder / other).is_symlink())
            yield from (folder / file for file in files)


def _resolved(path: Path) -> Path:
    try:
        return Path(path).resolve()
    except ValueError:
        raise InputError(f"{str(path)!r}: a path has no null byte") from None
