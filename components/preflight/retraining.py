"""What preflight asks of a registry: has this been done, and can the champion be competed with."""

import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import components
from components import registry as registries
from components import storage, suitability
from components.failures import InputError, noting
from components.hdf5 import Header
from components.preflight import length
from components.registry import attempts, champions, models

log = logging.getLogger("biotune")

TRAIN, UNCHANGED = "train", "unchanged"
_FREE = ("resume", "tracking", "peer_timeout")  # they change not one bit of what comes out


@dataclass(frozen=True)
class Standing:
    """What a registry says before a retraining.

    Attributes:
        verdict: "train", or "unchanged" if this very retraining has been finished.
        attempt: `fingerprint` of the retraining, and what it is `of`.
    """

    verdict: str
    attempt: dict[str, Any]


def champion(
    registry: str, settings: Mapping[str, Any], test: Header | None, findings: list[str]
) -> str:
    """Finds the champion, and what of it would stop a promotion after a night on a GPU.

    Args:
        settings: the resolved configuration.
        test: header of the test split, None if it can't be read.

    Returns:
        URI of the champion's folder in the registry, "" for none.
    """
    with noting(findings):
        registries.require_writable(registry)
        named = champions.read(registry).champion
        if named is None:
            return ""
        uri = models.uri_of(registry, named.model)
        config = _config(registry, uri)
        if test is not None:
            findings += suitability.rival_findings(config, {**settings, "classes": test.classes})
            try:
                suitability.hold(test, config, settings["data"], "test.h5")
            except InputError as error:
                findings += [f"champion {storage.shown(uri)}: {e}" for e in str(error).splitlines()]
        return uri
    return ""


def standing(registry: str, slices: Mapping[str, Mapping[str, Any]], images: str) -> Standing:
    """Tells whether this retraining has been finished before.

    What goes into one: the checkpoint, the data and the settings, as the slices hold them (by
    fingerprints, so that the same files under another URI are the same), the code, and among how
    many processes a cluster's profile shares a batch. How a killed training goes on does not, nor
    how it is tracked, nor how long one process waits for another, nor who the champion is: who
    puts an older one back wants it to stay.

    Args:
        slices: of all steps, with the fingerprints of what they read.
        images: names of the images, other ones hold other code.

    Raises:
        InputError: the record is spoilt.
    """
    load, tune, test = (slices[step] for step in ("load_checkpoint", "finetune", "evaluate"))
    of = {
        "checkpoint": load["fingerprint"],
        "data": {**tune["fingerprints"], **test["fingerprints"]},
        "settings": attempts.fingerprint({s: _decisive(piece) for s, piece in slices.items()}),
        "code": code(),
        "images": images,
    }
    if processes := os.environ.get(length.PROCESSES):  # they make the global batch, not the slices
        of["processes"] = processes
    name = attempts.fingerprint(of)
    attempt = {"fingerprint": name, "of": of}
    if (known := attempts.find(registry, name)) is None:
        return Standing(TRAIN, attempt)
    log.info(
        "unchanged: checkpoint, data, settings and code are those of a retraining that was "
        "finished %s (%s: %s); remove %s to retrain all the same",
        known.finished,
        known.decision,
        known.reason,
        storage.shown(attempts.uri_of(registry, name)),
    )
    return Standing(UNCHANGED, attempt)


def code() -> str:
    """The digest of this package's own files."""
    home = Path(components.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(home.rglob("*")):
        name = file.relative_to(home)
        if file.is_file() and "__pycache__" not in name.parts and file.suffix != ".pyc":
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{name.as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _decisive(piece: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in piece.items() if key not in _FREE}


def _config(registry: str, uri: str) -> dict[str, Any]:
    try:
        return models.config_at(uri)
    except storage.Missing as error:
        raise InputError(
            f"{storage.shown(storage.join(registry, champions.FILE))}: names a model that is not "
            f"there whole ({error}); name another one of those under models, or remove the file "
            "to begin without a champion"
        ) from error
