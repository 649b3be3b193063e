"""The checks of preflight: each adds a line for whatever it finds wrong."""

import shutil
import tempfile
from collections.abc import Mapping
from itertools import combinations
from logging import getLogger
from typing import Any

from components import artifacts, frozen, signal, splits, storage
from components import checkpoint as checkpoints
from components.failures import InputError, noting
from components.instantiation import make
from components.manifest import Manifest
from components.preflight import classes, length, windows
from components.preflight.files import dataset, nearby
from components.preflight.found import Found, Splits
from components.storage import shown
from components.storage.address import scheme

__all__ = [
    "Found", "Splits", "batches", "checkpoint", "dataset", "disk", "labels", "noting", "signals",
    "subjects",
]  # fmt: skip

log = getLogger("biotune")

labels = classes.check
batches = length.check


def checkpoint(
    uri: str, manifest: dict[str, Any], settings: Mapping[str, Any], findings: list[str]
) -> Found:
    """Reads the checkpoint's header and holds it against the model's manifest."""
    with noting(findings):
        stat = _stat(uri)
        with checkpoints.open_checkpoint(uri, fingerprint=stat.fingerprint) as opened:
            matching = checkpoints.match(
                opened.tensors,
                Manifest.from_dict(manifest),
                head=settings["head"],
                **settings["checkpoint"],
            )
        if settings["freeze_backbone"]:
            frozen.require_filled(entry.name for entry in matching.missing)
        return Found(uri, stat.size, stat.fingerprint)
    return Found(uri)


def signals(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> None:
    """Holds the windows against what the model expects, and the splits against each other."""
    if not (first := next(iter(data.values()), None)):
        return
    if adapter := settings["model"].get("adapter"):
        with noting(findings):
            make(adapter, "model.adapter", channel_names=first.header.channel_names)
    if turned := windows.layout(first, settings):
        findings += turned
    else:
        with noting(findings):  # the others are held against the first
            signal.hold(first.header, settings, first.uri)
    for found in data.values():
        findings += signal.differences(found.header, first.header, (found.uri, first.uri))
    windows.check(data, settings, findings)


def subjects(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> None:
    """Holds the splits apart: their files, and their subjects."""
    allowed = settings["data"]["allow_subject_overlap"]
    same = [
        f"{one.uri} and {other.uri}: are one and the same file; split the data by subject, or set "
        "data.allow_subject_overlap=true if you mean it"
        for one, other in combinations(data.values(), 2)
        if one.fingerprint == other.fingerprint
    ]
    for line in same if allowed else ():
        log.warning("allowed: %s", line)
    if allowed:
        return
    findings += same
    different = {found.fingerprint: split for split, found in data.items()}.values()
    named = {split: splits.subjects(data[split].header) for split in data if split in different}
    findings += splits.overlap_findings(named)
    if nameless := [data[split].uri for split, names in named.items() if not names]:
        log.warning(
            "%s: no subjects are named, so that one in two splits can't be found",
            ", ".join(nameless),
        )


def disk(files: list[Found], findings: list[str]) -> None:
    """What is fetched must fit into the scratch folder."""
    needed = sum(file.size for file in files if scheme(file.uri) != "file")
    scratch = tempfile.gettempdir()
    free = shutil.disk_usage(scratch).free
    if needed > free:
        findings.append(
            f"{scratch}: {free / 1e9:.1f} GB free, but {needed / 1e9:.1f} GB are fetched; "
            "set TMPDIR to a larger disk"
        )


def _stat(uri: str) -> storage.Stat:
    """Size and fingerprint; what is not there is told with what is there instead."""
    try:
        return checkpoints.stat(uri)
    except InputError as error:
        more = ""
        with noting([]):
            if storage.is_folder(uri):
                ours = {artifacts.MODEL, artifacts.BACKBONE} & set(storage.listing(uri))
                more = "".join(f"; give {shown(storage.join(uri, name))}" for name in ours)
            elif not storage.exists(uri):
                more = nearby(uri)
        raise InputError(f"{error}{more}") from error
