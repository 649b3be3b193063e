"""The classes that the splits hold: what no model could learn or no test could show."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from components import splits
from components.failures import noting
from components.instantiation import make
from components.objectives import Objective
from components.preflight.found import Found, Splits, together

log = logging.getLogger("biotune")


def check(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> None:
    """Holds the labels against the classification type, and the splits' classes to each other."""
    objective = make(settings["objective"], "objective")
    wrong = together(
        (found, line)
        for found in data.values()
        for line in _from_one(found, objective) or _refused(found, objective)
    )
    findings += wrong
    if wrong or "train" not in data:
        return
    with noting(findings):
        objective.resolved(data["train"].header.labels)
    if not objective.label_shape:  # of several labels or outputs, one that is never set is usual
        _compared(data, objective.num_classes, findings)


def _refused(found: Found, objective: Objective) -> list[str]:
    lines = splits.label_findings(found.header, objective, found.uri)
    return [line.removeprefix(f"{found.uri}: ") for line in lines]


def _from_one(found: Found, objective: Objective) -> list[str]:
    """MATLAB and many a table count so; then the largest label is the number of classes."""
    labels, count = found.header.labels, objective.num_classes
    if labels.dtype.kind not in "iuf" or labels.ndim != 1 or objective.label_shape:
        return []
    if not labels.size or labels.min() != 1 or labels.max() != count:
        return []
    return [
        f"labels run from 1 to {count}, but classes are counted from 0 to {count - 1}; subtract 1 "
        "from every label"
    ]


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
    unlearnt = []
    for split, found in data.items():
        if unseen := sorted(seen[split] - seen["train"]):
            count = int(np.isin(found.header.labels, unseen).sum())
            told = f"{_named(unseen, found)}, in {count} windows, is in none of {train}, so that no"
            told += " model can learn it; put some of its windows there, or leave these out"
            unlearnt.append((found, told))
        elif len(seen[split]) == 1:
            log.warning(
                "%s: all labels are %d; AUROC and AUPR can't be told", found.uri, *seen[split]
            )
    findings += together(unlearnt)
    if absent := sorted(set(range(num_classes)) - set().union(*seen.values())):
        named = _named(absent, data["train"])
        log.warning("num_classes=%d: %s is in no split", num_classes, named)


def _named(classes: list[int], found: Found) -> str:
    names = found.header.classes
    told = [f"{c} ({names[c]})" if c < len(names) else str(c) for c in classes[:5]]
    return f"class {', '.join(told)}{', ...' if len(classes) > 5 else ''}"
