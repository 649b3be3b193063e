"""Whether a tuned model may be tested on a split, and held against another model there."""

from collections.abc import Mapping
from typing import Any

from components import signal, splits
from components.failures import Findings
from components.hdf5 import Header

SAME = {"ml": "mcc"}  # two names of one type


def hold(header: Header, tuned: Mapping[str, Any], allowed: Mapping[str, Any], name: str) -> None:
    """Refuses a test split that a model was not made for, or was tuned on.

    Args:
        header: of the test split.
        tuned: the model's configuration, as its folder holds it.
        allowed: `data.allow_signal_mismatch` and `data.allow_subject_overlap`.
        name: of the split, for the messages.

    Raises:
        Findings: each thing that is wrong.
    """
    signal.hold(header, {**tuned, "data": allowed}, name)
    tested = splits.subjects(header)
    findings = [
        line
        for split, known in (tuned.get("subjects") or {}).items()
        for line in splits.overlap_findings({split: known, "test": tested})
    ]
    if findings and not allowed["allow_subject_overlap"]:
        raise Findings(findings)


def rival_findings(champion: Mapping[str, Any], task: Mapping[str, Any]) -> list[str]:
    """Why a champion's numbers say nothing beside another model's.

    Args:
        champion: its configuration, as its folder holds it.
        task: `classification_type`, `num_classes` and `num_outputs` of the other one, and
            `classes`, their names, where known.
    """
    types = [SAME.get(c["classification_type"], c["classification_type"]) for c in (champion, task)]
    if types[0] != types[1]:
        return [
            f"champion: its classification_type is {champion['classification_type']}, but "
            f"{task['classification_type']} here; keep another registry for another task"
        ]
    findings = [
        f"champion: its {key} is {champion.get(key)}, but {task.get(key)} here; keep another "
        "registry for another task"
        for key in ("num_classes", "num_outputs")
        if champion.get(key) is not None and champion.get(key) != task.get(key)
    ]
    theirs = (champion.get("provenance") or {}).get("classes") or []
    ours = list(task.get("classes") or [])
    if theirs and ours and theirs != ours:
        findings.append(
            f"champion: its classes are {', '.join(map(str, theirs))}, but {', '.join(ours)} here; "
            "keep another registry for another task"
        )
    return findings
