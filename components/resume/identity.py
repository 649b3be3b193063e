"""What a state depends on: another value of any of it, and the state is of no use."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from components.failures import Findings

# These change how a training runs, and not one bit of what comes out.
_FREE = (
    *("resume.", "tracking.", "peer_timeout", "data.num_workers", "trainer.enable_progress_bar"),
    # Other processes may go on, if they share the same batches.
    *("data.batch_size", "trainer.devices", "trainer.num_nodes"),
)
BATCH, PROCESSES = "the global batch", "the number of processes"  # the latter is not held
_VERSIONED = ("biotune", "torch", "lightning", "timm")
_SHOWN, _TOLD = 60, 8


def facts(
    config: Mapping[str, Any],
    fingerprints: Mapping[str, str],
    backbone: Path | None,
    processes: int,
) -> dict[str, Any]:
    """Everything that decides what a training computes, by dotted names.

    Args:
        config: the fine-tune slice of the configuration.
        fingerprints: of each split.
        backbone: the file of the backbone's weights, or None from scratch.
        processes: how many share a batch; another number may go on with the same batches.
    """
    found = {key: value for key, value in _flat(config, "") if not key.startswith(_FREE)}
    found |= {f"the data of {split}": value for split, value in fingerprints.items()}
    found |= {f"the version of {name}": metadata.version(name) for name in _VERSIONED}
    found["the backbone"] = f"sha256:{digest(backbone)}" if backbone else None
    found[BATCH] = config["data"]["batch_size"] * processes
    found[PROCESSES] = processes
    return json.loads(json.dumps(found, default=str))


def key(found: Mapping[str, Any], run: str) -> str:
    """A name for a training: the same in every retry of a run, another for all else."""
    held = {name: value for name, value in found.items() if name != PROCESSES}
    text = json.dumps([held, run], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def hold(there: Mapping[str, Any], wanted: Mapping[str, Any], uri: str) -> None:
    """Refuses a state that was written by another training.

    Raises:
        Findings: a line for each fact that differs.
    """
    names = [n for n in dict.fromkeys((*there, *wanted)) if there.get(n) != wanted.get(n)]
    told = [
        f"resume.uri={uri}: holds a state of another training: {name} was "
        f"{_short(there.get(name))} and is {_short(wanted.get(name))} now; "
        + (_fitting(there, wanted) if name == BATCH else "")
        + "name another place, or train with what it was"
        for name in names
        if name != PROCESSES
    ]
    if told:
        raise Findings(told[:_TOLD])


def digest(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with Path(file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flat(node: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for name, value in node.items():
            yield from _flat(value, f"{prefix}{name}.")
    else:
        yield prefix.rstrip("."), node


def _fitting(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What makes the batches of a state, if it can be made by the processes that there are."""
    batch, processes = there.get(BATCH) or 0, wanted[PROCESSES]
    if not batch or batch % processes:
        return f"no data.batch_size makes that (processes: {processes}); "
    return f"set data.batch_size={batch // processes} (processes: {processes}), or "


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
