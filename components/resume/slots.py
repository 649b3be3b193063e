"""A slot: a folder with the files of one state, under numbers that are used again."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components import storage
from components.failures import InputError
from components.resume.identity import digest
from components.storage.address import local_path, scheme

# Of each file of a state: "object" (its name in the slot), "size" in bytes, "sha256".
Named = Mapping[str, Mapping[str, Any]]


def put(slot: str, files: Mapping[str, Path], before: Named) -> dict[str, dict[str, Any]]:
    """Writes and verifies the files of a state; what is there already is not written again.

    Args:
        slot: URI of the folder.
        before: what is known to be in it.

    Raises:
        Failure: it can't be written, or is not what was written.
    """
    named = _named(files, before)
    there = {(facts["object"], facts["sha256"]) for facts in before.values()}
    for name, facts in named.items():
        if (facts["object"], facts["sha256"]) not in there:
            _put(files[name], storage.join(slot, facts["object"]), facts)
            there.add((facts["object"], facts["sha256"]))
    return named


def fetch(slot: str, named: Named, scratch: Path) -> dict[str, str]:
    """The local file of each name.

    Raises:
        InputError: one is missing, torn or was changed.
    """
    files = {}
    for name, facts in named.items():
        uri = storage.join(slot, facts["object"])
        file = storage.fetch(uri, scratch)
        if file.stat().st_size != facts["size"] or digest(file) != facts["sha256"]:
            raise InputError(f"{storage.shown(uri)}: is torn or was changed")
        files[name] = str(file)
    return files


def free(slot: str, named: Named) -> None:
    """Gives the space of a state back."""
    for facts in named.values():
        uri = storage.join(slot, facts["object"])
        if scheme(uri) == "file":
            local_path(uri).unlink(missing_ok=True)
        else:
            with tempfile.NamedTemporaryFile() as nothing:  # what can't be removed is emptied
                storage.put(Path(nothing.name), uri)


def _named(files: Mapping[str, Path], before: Named) -> dict[str, dict[str, Any]]:
    """Equal files share an object, and what is there already keeps its own."""
    digests = {name: digest(file) for name, file in files.items()}
    there = {facts["sha256"]: facts["object"] for facts in before.values()}
    objects = {value: there[value] for value in digests.values() if value in there}
    for value in digests.values():
        if value not in objects:
            taken = set(objects.values())
            objects[value] = next(n for n in map(str, range(len(files))) if n not in taken)
    return {
        name: {"object": objects[value], "size": files[name].stat().st_size, "sha256": value}
        for name, value in digests.items()
    }


def _put(file: Path, uri: str, facts: Mapping[str, Any]) -> None:
    storage.put(file, uri)
    if scheme(uri) == "file":
        with local_path(uri).open("rb") as written:
            os.fsync(written.fileno())  # a node that goes down loses what is in its memory alone
    there = storage.stat(uri)
    kind, _, value = there.fingerprint.rpartition(":")
    if there.size != facts["size"] or (kind == "sha256" and value != facts["sha256"]):
        raise InputError(f"{storage.shown(uri)}: is not what was written there; check the disk")
