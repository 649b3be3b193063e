"""What the splits of a dataset must be: labels of the classification type, subjects apart."""

from collections.abc import Iterable, Mapping
from itertools import combinations

import numpy as np

from components.hdf5 import Header
from components.objectives import Objective


def label_findings(header: Header, objective: Objective, name: str) -> list[str]:
    """What is wrong with a split's labels."""
    findings = [f"{name}: {line}" for line in objective.check_labels(header.labels)]
    named = len(header.classes)
    if named and named != objective.num_classes:
        findings.append(f"{name}: names {named} classes, but num_classes={objective.num_classes}")
    return findings


def subjects(header: Header) -> list[str]:
    """The names of a split's subjects; none where the file names none."""
    return [] if header.subjects is None else np.unique(header.subjects).tolist()


def overlap_findings(subjects: Mapping[str, Iterable[str]]) -> list[str]:
    """Subjects in two splits: they make every number on the second one too good.

    Args:
        subjects: names for each split.
    """
    findings = []
    for (first, here), (second, there) in combinations(subjects.items(), 2):
        if shared := sorted(set(here) & set(there)):
            some = ", ".join(shared[:5]) + (", ..." if len(shared) > 5 else "")
            findings.append(
                f"subjects in both {first} and {second}: {some} ({len(shared)}); split the data "
                "by subject, or set data.allow_subject_overlap=true if you mean it"
            )
    return findings
