"""The classes that the splits hold: what no model could learn or no test could show."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from components import splits
from components.instantiation import make
from components.objectives import Objective
from components.preflight.found import Found, Splits, noting

log = logging.getLogger("biotune")


def check(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> None:
    """Holds the labels against the classification type, and the splits' classes to each other."""
    objective = make(settings["objective"], "objective")
    wrong: list[str] = []
    for found in data.values():
        if not _counted_from_one(found, objective):
            wrong += splits.label_findings(found.header, objective, found.uri)
    counted = [found.uri for found in data.values() if _counted_from_one(found, objective)]
    if counted:
        wrong.append(
            f"{', '.join(counted)}: labels run from 1 to {objective.num_classes}, but classes are "
            f"counted from 0 to {objective.num_classes - 1}; subtract 1 from every label"
        )
    findings += wrong
    if wrong or "train" not in data:
        return
    with noting(findings):
        objective.resolved(data["train"].header.labels)
    if not objective.label_shape:  # of several labels or outputs, one that is never set is usual
        _compared(data, objective.num_classes, findings)


def _counted_from_one(found: Found, objective: Objective) -> bool:
    labels = found.header.labels
    whole = labels.dtype.kind in "iuf" and labels.size and labels.ndim == 1
    if not whole or objective.label_shape:
        return False
    return labels.min() == 1 and labels.max() == objective.num_classes


def _compared(data: Splits, num_classes: int, findings: list[str]) -> None:
    """Finds classes that train lacks, and warns of those that nothing else shows.

    A class that is tested and was never seen is refused: its results are 0 for a reason that is
    not the model's. What lies in one split alone, or nowhere, may be all that there is.
    """
    seen = {split: set(np.unique(f.header.labels).astype(int)) for split, f in data.items()}
    train = data["train"].uri
    if len(seen["train"]) == 1:
        findings.append(f"{train}: all labels are {seen['train'].pop()}; there is nothing to learn")
        return
    for split, found in data.items():
        if unseen := sorted(seen[split] - seen["train"]):
            count = int(np.isin(found.header.labels, unseen).sum())
            findings.append(
                f"{found.uri}: {_named(unseen, found)} (in {count} windows) is in none of {train}, "
                "so that no model can learn it; put some of its windows there, or leave these out"
            )
        elif len(seen[split]) == 1:
            log.warning(
                "%s: all labels are %d; AUROC and AUPR can't be told", found.uri, *seen[split]
            )
    if absent := sorted(set(range(num_classes)) - set().union(*seen.values())):
        named = _named(absent, data["train"])
        log.warning("num_classes=%d: %s is in no split", num_classes, named)


def _named(classes: list[int], found: Found) -> str:
    names = found.header.classes
    told = [f"{c} ({names[c]})" if c < len(names) else str(c) for c in classes[:5]]
    return f"class {', '.join(told)}{', ...' if len(classes) > 5 else ''}"
