"""Finished retrainings, by the fingerprint of all that goes into one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components import storage
from components.registry import records

DECISIONS = ("promoted", "kept")


@dataclass(frozen=True)
class Attempt:
    """What came of a retraining.

    Attributes:
        decision: "promoted" or "kept".
        reason: in words, with both numbers.
        finished: when.
    """

    decision: str
    reason: str
    finished: str


def fingerprint(parts: Mapping[str, Any]) -> str:
    """The digest of everything that a retraining depends on."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def uri_of(registry: str, name: str) -> str:
    """Where the record of a retraining lies."""
    return storage.join(registry, f"attempts/{name}.json")


def find(registry: str, name: str) -> Attempt | None:
    """What came of a retraining, None if it has not been finished.

    Raises:
        InputError: the record is spoilt.
    """
    try:
        return records.read(uri_of(registry, name), _parsed, "remove it to retrain")[0]
    except storage.Missing:
        return None


def record(registry: str, name: str, decision: Mapping[str, Any]) -> bool:
    """Records what came of a retraining; a record that is there already stays.

    Args:
        decision: the content of `decision.json`.

    Returns:
        Whether it was the first one.
    """
    data = {"finished": records.now(), **decision}
    try:
        storage.put_if(records.as_bytes(data), uri_of(registry, name), fingerprint=None)
    except storage.Conflict:
        return False
    return True


def _parsed(data: Mapping[str, Any]) -> Attempt:
    if data["decision"] not in DECISIONS:
        raise ValueError(f"its decision is {data['decision']!r:.80}")
    return Attempt(data["decision"], records.text(data["reason"]), records.text(data["finished"]))
