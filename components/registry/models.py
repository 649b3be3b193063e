"""Tuned models in a registry, each under the digest of its files and never overwritten."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components import storage
from components.artifacts import CONFIG
from components.failures import Failure, InputError
from components.registry import records
from components.registry.contents import (
    FILES,
    NEEDED,
    config,
    digests,
    facts_of,
    fingerprint,
    sha256,
)
from components.registry.scores import Scores, parse

MARK = "model.json"
_FIX = "compare it with the bucket's older versions, or promote another model"


@dataclass(frozen=True)
class Stored:
    """A whole model in a registry.

    Attributes:
        fingerprint: of its files.
        files: SHA-256 of each, by name.
        sizes: bytes of each, by name.
        facts: `classification_type`, `num_classes`, `num_outputs` and `classes`.
        scores: of the test before it was stored.
    """

    fingerprint: str
    files: dict[str, str]
    sizes: dict[str, int]
    facts: dict[str, Any]
    scores: Scores


def uri_of(registry: str, fingerprint: str) -> str:
    """Where a model lies in a registry."""
    return storage.join(registry, f"models/{fingerprint}")


def store(registry: str, folder: Path, scores: Scores) -> str:
    """Puts a tuned model into a registry; one that is there whole already is left alone.

    Killed halfway, it leaves files without `model.json`, which count for nothing; the next try
    writes the same ones again.

    Returns:
        The model's fingerprint.

    Raises:
        Failure: what arrived is not what was sent.
    """
    files = digests(folder)
    name = fingerprint(files)
    place = uri_of(registry, name)
    try:
        read(place)
        return name
    except storage.Missing:
        pass
    for file, expected in files.items():
        storage.put(folder / file, storage.join(place, file))
        if sha256(storage.join(place, file)) != expected:
            raise Failure(f"{storage.shown(place)}: {file} did not arrive whole; run again")
    record = {"fingerprint": name, "stored": records.now(), "files": files}
    record |= {"sizes": {file: (folder / file).stat().st_size for file in files}}
    record |= {"facts": facts_of(config(folder / CONFIG)), "evaluation": scores.as_dict()}
    try:
        storage.put_if(records.as_bytes(record), storage.join(place, MARK), fingerprint=None)
    except storage.Conflict:  # another run has brought the very same model meanwhile
        read(place)
    return name


def read(uri: str) -> Stored:
    """Reads what a registry says of a model.

    Args:
        uri: of the model, as `uri_of` gives it.

    Raises:
        storage.Missing: it is not there, or not whole.
        InputError: what is said is spoilt, or is another model's.
    """

    def parsed(data: Mapping[str, Any]) -> Stored:
        files = {name: records.digest(v) for name, v in records.mapping(data["files"]).items()}
        if not NEEDED <= files.keys() <= set(FILES):
            raise ValueError(f"its files are {', '.join(files)}")
        name = records.digest(data["fingerprint"])
        if name != fingerprint(files) or name != uri.rstrip("/").rpartition("/")[2]:
            raise ValueError("its digests are not those of this model")
        sizes = records.mapping(data["sizes"])
        if sizes.keys() != files.keys() or not all(
            type(size) is int and size >= 0 for size in sizes.values()
        ):
            raise ValueError("its sizes are not those of its files")
        facts, scores = records.mapping(data["facts"]), parse(data["evaluation"])
        return Stored(name, files, sizes, facts, scores)

    return records.read(storage.join(uri, MARK), parsed, _FIX)[0]


def fetch(uri: str, into: Path, names: tuple[str, ...] = FILES) -> Path:
    """A local folder with a model's files, each held against its digest.

    Args:
        uri: of the model, as `uri_of` gives it.
        into: folder for what must be downloaded.
        names: the files that are wanted.

    Raises:
        InputError: a file is missing or not the one that was stored.
    """
    stored = read(uri)
    folder = into
    for name in [name for name in names if name in stored.files]:
        found = storage.fetch(storage.join(uri, name), into)
        if sha256(str(found)) != stored.files[name]:
            raise InputError(
                f"{storage.shown(uri)}: {name} is not the file that was stored; {_FIX}"
            )
        folder = found.parent
    return folder


def config_at(uri: str) -> dict[str, Any]:
    """The configuration of a model in a registry."""
    with tempfile.TemporaryDirectory() as scratch:
        return config(fetch(uri, Path(scratch), (CONFIG,)) / CONFIG)
