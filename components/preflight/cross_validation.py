"""What preflight asks of a cross-validation: subjects that make its folds, classes in each."""

import logging
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from components import config as configuration
from components import splits
from components.failures import InputError, noting
from components.folds import Fold, InFold, assign, chosen
from components.folds.assignment import EACH
from components.hdf5 import SPLITS
from components.hdf5.selection import UNNAMED, join
from components.instantiation import make
from components.preflight import length
from components.preflight.found import Found, Splits

log = logging.getLogger("biotune")
_TOLD = 5  # folds by number in a line


def compose(overrides: Sequence[str], folds: int) -> DictConfig:
    """The checked configuration, with as many folds as the pipeline has.

    Args:
        folds: of the pipeline; 0 for one that trains once.

    Raises:
        InputError: the configuration asks for something else than the pipeline does.
    """
    if not folds:
        return configuration.compose(overrides)
    drafted = configuration.draft(overrides)
    asked, fold = (OmegaConf.select(drafted, f"data.{key}") for key in ("folds", "fold"))
    if asked not in (None, EACH, folds):
        raise InputError(
            f"data.folds={asked}: this pipeline has {folds} folds; leave data.folds out"
        )
    if fold is not None:
        raise InputError(f"data.fold={fold}: this pipeline runs all {folds} folds; leave it out")
    return configuration.compose([*overrides, f"data.folds={folds}"])


def files_of(settings: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The files of the dataset that finetune and evaluate read: in a fold all of them."""
    if settings["data"]["folds"] is not None:
        return {"finetune": SPLITS, "evaluate": SPLITS}
    return {"finetune": ("train", "val"), "evaluate": ("test",)}


def check(
    data: Splits, settings: Mapping[str, Any], findings: list[str], *, every: bool, registry: str
) -> None:
    """Looks at each fold as at a dataset of its own, by counts of classes and subjects.

    Args:
        every: whether all folds follow, or the one that the configuration names.
        registry: where a model would be promoted; "" for none.
    """
    if registry:
        findings.append(
            "data.folds: a champion is one model, tested on the dataset's own test split; leave "
            "out data.folds or the registry"
        )
    if len(data) < len(SPLITS) or (wrong := _files(data, settings)):
        findings += wrong if len(data) == len(SPLITS) else []
        return
    subjects = {split: found.header.subjects for split, found in data.items()}
    names = np.concatenate([subjects[split] for split in SPLITS])
    asked = InFold.asked(settings["data"])
    with noting(findings):
        folds = assign(names, asked) if every else [chosen(names, asked)]
        whole = join([data[s].header for s in SPLITS], [slice(None)] * len(SPLITS))
        objective = make(settings["objective"], "objective")
        if not objective.label_shape:
            _classes(folds, names, whole.labels, findings)
        _smallest(folds, names, data, settings, findings)
        log.info("preflight: %s", _told(folds, len(np.unique(names))))


def _files(data: Splits, settings: Mapping[str, Any]) -> list[str]:
    """What makes the three files no whole, whatever the folds are."""
    objective = make(settings["objective"], "objective")
    wrong = [UNNAMED.format(found.uri) for found in data.values() if found.header.subjects is None]
    for found in data.values():
        wrong += splits.label_findings(found.header, objective, found.uri)
    return wrong + [
        f"{one.uri} and {other.uri}: are one and the same file, whose windows would be tested "
        "twice; leave one out"
        for one, other in combinations(data.values(), 2)
        if one.fingerprint == other.fingerprint
    ]


def _classes(
    folds: Sequence[Fold], names: np.ndarray, labels: np.ndarray, findings: list[str]
) -> None:
    """Finds folds whose other splits hold a class that train lacks, and tests of one class."""
    subjects, owners = np.unique(names, return_inverse=True)
    classes, kinds = np.unique(labels.astype(np.int64), return_inverse=True)
    cells = owners * len(classes) + kinds
    counts = np.bincount(cells, minlength=len(subjects) * len(classes))
    counts = counts.reshape(len(subjects), len(classes))
    lacking: dict[int, list[str]] = {}
    for fold in folds:
        held = {s: counts[np.isin(subjects, n)].sum(0) > 0 for s, n in fold.parts.items()}
        if held["train"].sum() == 1:
            only = classes[held["train"]][0]
            findings.append(f"fold {fold.number}: all labels to train on are {only}")
        for place in np.flatnonzero((held["val"] | held["test"]) & ~held["train"]):
            lacking.setdefault(int(classes[place]), []).append(str(fold.number))
        if held["test"].sum() == 1:
            log.warning("fold %d: all labels to test on are one class", fold.number)
    for label, numbers in lacking.items():
        more = ", ..." if len(numbers) > _TOLD else ""
        findings.append(
            f"data.folds: class {label} is not among what fold {', '.join(numbers[:_TOLD])}{more} "
            "trains on, but among what it validates or tests on; set fewer folds, another "
            "data.fold_seed, or leave the class out"
        )


def _smallest(
    folds: Sequence[Fold],
    names: np.ndarray,
    data: Splits,
    settings: Mapping[str, Any],
    findings: list[str],
) -> None:
    """Holds batch size and schedule against the fold with the fewest windows to train on."""
    places = {fold.number: np.flatnonzero(np.isin(names, fold.train)) for fold in folds}
    number, fewest = min(places.items(), key=lambda item: len(item[1]))
    headers = [data[split].header for split in SPLITS]
    ends = np.cumsum([0] + [header.windows for header in headers])
    parts = [fewest[(fewest >= low) & (fewest < high)] - low for low, high in pairwise(ends)]
    found = Found(f"fold {number}", header=join(headers, parts))
    length.check({"train": found}, settings, findings)


def _told(folds: Sequence[Fold], subjects: int) -> str:
    first = folds[0]
    sizes = ", ".join(f"{len(names)} {split}" for split, names in first.parts.items())
    which = "each" if len(folds) > 1 else f"number {first.number}"
    return f"{first.of} folds of {subjects} subjects, {which} with {sizes}"
