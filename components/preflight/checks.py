"""The checks of preflight: each adds a line for whatever it finds wrong."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from components import checkpoint as checkpoints
from components import hdf5, signal, splits, storage
from components.failures import Findings, InputError
from components.hdf5 import Header
from components.instantiation import make
from components.manifest import Manifest
from components.storage.address import scheme


@dataclass(frozen=True)
class Found:
    """A file that a following step reads."""

    uri: str
    size: int = 0
    fingerprint: str = ""
    header: Header | None = None


Splits = Mapping[str, Found]


@contextmanager
def noting(findings: list[str]) -> Iterator[None]:
    """Notes what the user got wrong instead of raising it, so that the next check runs too."""
    try:
        yield
    except Findings as error:
        findings.extend(error.messages)
    except InputError as error:
        findings.append(str(error))


def checkpoint(
    uri: str, manifest: dict[str, Any], settings: Mapping[str, Any], findings: list[str]
) -> Found:
    """Reads the checkpoint's header and holds it against the model's manifest."""
    with noting(findings):
        stat = checkpoints.stat(uri)
        with checkpoints.open_checkpoint(uri, fingerprint=stat.fingerprint) as opened:
            checkpoints.match(
                opened.tensors,
                Manifest.from_dict(manifest),
                head=settings["head"],
                **settings["checkpoint"],
            )
        return Found(uri, stat.size, stat.fingerprint)
    return Found(uri)


def dataset(uri: str, findings: list[str]) -> dict[str, Found]:
    """Reads the header of each split."""
    found = {}
    for split in hdf5.SPLITS:
        with noting(findings):
            file = storage.join(uri, f"{split}.h5")
            stat = storage.stat(file)
            with storage.open_binary(file, fingerprint=stat.fingerprint) as stream:
                header = hdf5.read_header(stream, file)
            found[split] = Found(file, stat.size, stat.fingerprint, header)
    return found


def labels(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> None:
    """Holds the labels against the classification type."""
    objective = make(settings["objective"], "objective")
    for found in data.values():
        findings += splits.label_findings(found.header, objective, found.uri)
    if "train" in data and not findings:
        with noting(findings):
            objective.resolved(data["train"].header.labels)


def batches(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> None:
    """A training needs at least one whole batch."""
    size = settings["data"]["batch_size"]
    if "train" in data and (windows := data["train"].header.windows) < size:
        findings.append(
            f"data.batch_size={size}: {data['train'].uri} has only {windows} windows, less than "
            f"one batch; set data.batch_size={windows} or less"
        )


def signals(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> None:
    """Holds the windows against what the model expects, and the splits against each other."""
    first = next(iter(data.values()), None)
    adapter = settings["model"].get("adapter")
    if first and adapter:
        with noting(findings):
            make(adapter, "model.adapter", channel_names=first.header.channel_names)
    for found in data.values():
        with noting(findings):
            signal.hold(found.header, settings, found.uri)
        findings += signal.differences(found.header, first.header, (found.uri, first.uri))


def subjects(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> None:
    """Holds the subjects of the splits against each other."""
    if not settings["data"]["allow_subject_overlap"]:
        named = {split: splits.subjects(found.header) for split, found in data.items()}
        findings += splits.overlap_findings(named)


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
