"""The splits of a dataset: its files as they are, or in a fold its subjects across all files."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from components import signal
from components.failures import Findings
from components.folds.assignment import Fold, InFold, chosen
from components.hdf5 import SPLITS, Header, read_header
from components.hdf5.selection import Selection, Source


def files(data: Mapping[str, Any], splits: Iterable[str]) -> tuple[str, ...]:
    """The files of the dataset that hold some splits; in a fold that may be any.

    Args:
        data: of the configuration, or its part on folds.
    """
    return tuple(splits) if InFold.asked(data) is None else SPLITS


def split(
    paths: Mapping[str, Path], data: Mapping[str, Any], splits: Iterable[str]
) -> tuple[dict[str, Source], Fold | None]:
    """Where the windows of some splits lie, and the fold, if there is one.

    Args:
        paths: the local file of each split's name.
        data: of the configuration, or its part on folds.

    Raises:
        InputError: there is no such fold, or a file names no subjects.
    """
    asked = InFold.asked(data)
    if asked is None:
        return {name: paths[name] for name in splits}, None
    whole = Selection.in_files(paths[name] for name in SPLITS)
    first, *others = zip(whole.headers, SPLITS, strict=True)
    findings = [
        line
        for header, name in others
        for line in signal.differences(header, first[0], (f"{name}.h5", f"{first[1]}.h5"))
    ]
    if findings:
        raise Findings(findings)
    fold = chosen((name for h in whole.headers for name in np.unique(h.subjects)), asked)
    return {name: whole.choosing(fold.parts[name]) for name in splits}, fold


def header(source: Source) -> Header:
    """What a split says of itself."""
    return source.header if isinstance(source, Selection) else read_header(source)


def index(source: Source) -> np.ndarray:
    """The place of each window in its file; in a fold, in all files one after the other."""
    return source.index if isinstance(source, Selection) else np.arange(read_header(source).windows)


def plain(source: Source) -> Any:
    """A split's place as plain JSON data, for another process."""
    return source.plain() if isinstance(source, Selection) else str(source)


def restored(given: Any) -> Source:
    """What `plain` made plain."""
    return Path(given) if isinstance(given, str) else Selection.of(given)


def fingerprint(fingerprints: Mapping[str, str], fold: Fold) -> str:
    """Of a fold's test split: other data, or other subjects, give another one."""
    facts = {"files": dict(fingerprints), "test": fold.test}
    return f"sha256:{hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()}"
