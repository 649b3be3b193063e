"""Who is trained on, chosen by and tested on in each fold: a function of the names and a seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from components.failures import InputError

EACH = "subject"  # `data.folds` of leave-one-subject-out
FEWEST = 3  # subjects: one to train on, one to choose by and one to test
VAL_SHARE = 0.2


@dataclass(frozen=True)
class Fold:
    """One fold.

    Attributes:
        number: from 1 on.
        of: how many folds there are.
        seed: of the assignment.
        train, val, test: names of subjects, sorted; nobody is in two of them.
    """

    number: int
    of: int
    seed: int
    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]

    @property
    def parts(self) -> dict[str, tuple[str, ...]]:
        """The subjects of each split."""
        return {split: getattr(self, split) for split in ("train", "val", "test")}

    def record(self) -> dict[str, Any]:
        """The same as plain JSON data."""
        return {key: list(v) if type(v) is tuple else v for key, v in asdict(self).items()}


@dataclass(frozen=True)
class InFold:
    """The cross-validation that a configuration asks for.

    Attributes:
        folds: how many, or `subject` for as many as there are subjects.
        number: of the fold that is meant, from 1 on; None for all.
        seed: of the assignment.
        val_share: of a fold's other subjects, those that the best epoch is chosen by.
    """

    folds: int | str
    number: int | None = None
    seed: int = 0
    val_share: float = VAL_SHARE

    @classmethod
    def asked(cls, data: Mapping[str, Any]) -> "InFold | None":
        """What the configuration's `data` says; None without folds."""
        if (folds := data.get("folds")) is None:
            return None
        given = {"seed": data.get("fold_seed"), "val_share": data.get("fold_val")}
        known = {key: value for key, value in given.items() if value is not None}
        return cls(folds, data.get("fold"), **known)

    def count(self, subjects: int) -> int:
        """How many folds so many subjects make."""
        return subjects if self.folds == EACH else int(self.folds)


def assign(names: Iterable[str], asked: InFold) -> list[Fold]:
    """All folds. Every subject is tested in exactly one of them.

    As many folds as subjects are leave-one-subject-out, in the order of the names. Fewer take the
    subjects in an order drawn by the seed, in groups whose sizes differ by one at most. Those who
    validate are drawn, by the seed and the fold's number, from the fold's other subjects.

    Args:
        names: of the subjects, in any order and as often as they come.

    Raises:
        InputError: too few subjects for so many folds.
    """
    subjects = sorted(set(map(str, names)))
    count = asked.count(len(subjects))
    _refuse_impossible(subjects, count, asked)
    order = np.arange(len(subjects))
    if count < len(subjects):
        order = np.random.default_rng(asked.seed).permutation(len(subjects))
    folds = []
    for number, group in enumerate(np.array_split(order, count), start=1):
        rest = np.setdiff1d(order, group)
        shuffled = np.random.default_rng((asked.seed, number)).permutation(rest)
        chosen_by = min(max(1, round(asked.val_share * len(rest))), len(rest) - 1)
        places = {"val": shuffled[:chosen_by], "train": shuffled[chosen_by:], "test": group}
        parts = {s: tuple(subjects[i] for i in np.sort(where)) for s, where in places.items()}
        folds.append(Fold(number, count, asked.seed, **parts))
    return folds


def chosen(names: Iterable[str], asked: InFold) -> Fold:
    """The fold that is meant.

    Raises:
        InputError: none is meant, there is no such fold, or too few subjects.
    """
    folds = assign(names, asked)
    number = asked.number
    if number is None or not 1 <= number <= len(folds):
        raise InputError(
            f"data.fold={number}: data.folds={asked.folds} makes {len(folds)} folds; set data.fold "
            f"to one of 1 to {len(folds)}, or run them all by --folds"
        )
    return folds[number - 1]


def counted(names: Iterable[str], folds: int | str) -> int:
    """How many folds `folds` comes to.

    Raises:
        InputError: too few subjects for so many folds.
    """
    return len(assign(names, InFold(folds)))


def _refuse_impossible(subjects: Sequence[str], count: int, asked: InFold) -> None:
    here = len(subjects)
    if here < FEWEST:
        raise InputError(
            f"data.folds={asked.folds}: there are only {here} subjects "
            f"({', '.join(subjects) or 'none'}), and a fold needs one each to train on, to choose "
            f"by and to test; {FEWEST} at least"
        )
    if count > here:
        raise InputError(
            f"data.folds={asked.folds}: there are only {here} subjects; set {here} "
            "(leave-one-subject-out) or less"
        )
    if here - -(-here // count) < 2:
        raise InputError(
            f"data.folds={asked.folds}: of {here} subjects too few are left to train on and to "
            f"choose by; set more folds, up to {here}"
        )
