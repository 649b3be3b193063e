"""The recordings that are meant by files and folders."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.failures import Findings, InputError

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

    Args:
        leave_out: tables that lie among them.

    Raises:
        InputError: nothing is there, or two files have one name.
    """
    others = {path.resolve() for path in leave_out}
    found = [source for path in paths for source in _below(Path(path).expanduser())]
    sources = {s.path.resolve(): s for s in found if s.path.resolve() not in others}
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
            for file in _signals(path, "sub-*/**/*")
            if _MODALITY.search(file.stem)
        ]
    return [
        Source(file, file.relative_to(path).with_suffix("").as_posix())
        for file in _signals(path, "**/*")
    ]


def _signals(folder: Path, pattern: str) -> list[Path]:
    """Files with a known suffix, without hidden ones and the later parts of a divided FIF."""
    return [
        file
        for file in sorted(folder.glob(pattern))
        if file.suffix.lower() in SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not (file.suffix.lower() == ".fif" and _SPLIT.search(file.stem))
    ]
