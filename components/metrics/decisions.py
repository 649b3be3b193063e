"""What was decided and what was right: one form for every classification type.

A window carries G decisions among K categories: one for `bc`, `mcc` and `ml`, one for each label
(no or yes) for `mc`, one for each output for `mmc`. Scores, intervals, tables and curves are all
made from this form and never ask for the type.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from components.failures import Failure, InputError
from components.metrics.ranking import Ranking
from components.metrics.scores import Scores
from components.metrics.threads import one_thread

RANKED = ("auroc", "aupr")
ROWS = 1 << 18  # windows that are counted at a time
NO_CHANCE = "truth and prediction are all of one class"
NO_POSITIVE, NO_NEGATIVE = "no positive in the truth", "no negative in the truth"
REASONS = {
    "cohen_kappa": NO_CHANCE,
    "sensitivity": NO_POSITIVE,
    "specificity": NO_NEGATIVE,
}


class Decisions(ABC):
    """Decisions on N windows.

    Args:
        predicted: (N, ...) integers.
        probabilities: (N, ..., classes), of any floating point type; used as they are.
        labels: as `predicted`.

    Raises:
        Failure: a probability is not finite.
        InputError: a label is outside its range, or labels have another shape.
    """

    #: what a class without a name is called
    word = "class"

    def __init__(self, predicted: Tensor, probabilities: Tensor, labels: Tensor) -> None:
        labels = labels.to(probabilities.device)
        self.predicted, self.probabilities, self.labels = predicted, probabilities, labels
        self._refuse_impossible()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def classes(self) -> int:
        """How many classes, or labels for `mc`, have scores."""
        return self.probabilities.shape[-1]

    @property
    def categories(self) -> int:
        """Number of categories K of one decision."""
        return self.classes

    @property
    def ranked(self) -> Sequence[int]:
        """The classes over which AUROC and AUPR are averaged."""
        return range(self.classes)

    @abstractmethod
    def one_against_rest(self, index: int) -> tuple[Tensor, Tensor]:
        """Scores (N * pooled,) of a class and whether it is the true one, window after window."""

    @abstractmethod
    def counted(self, confusion: Tensor) -> dict[str, Tensor]:
        """Every metric that needs no scores, before the mean over its parts.

        Args:
            confusion: (..., G, K, K) counts.

        Returns:
            (..., parts) each, NaN where undefined; the parts are the labels for `mc`, else one.
        """

    @abstractmethod
    def table(self, confusion: Tensor) -> dict[str, Tensor]:
        """Support, recall, precision and F1 (classes,) from counts (G, K, K)."""

    @abstractmethod
    def matrices(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        """Names of the G confusion matrices, and of their K rows and columns."""

    def outputs(self) -> list[tuple[str, "Decisions"]]:
        """The outputs that are pooled here, each by itself with its name; none for most types."""
        return []

    def names(self, given: Sequence[str] = ()) -> list[str]:
        """The classes' names; numbered where none are given."""
        return list(given) or [f"{self.word} {index}" for index in range(self.classes)]

    def select(self, windows: Tensor) -> Self:
        """The same for some windows: (n,) places, or a (N,) mask."""
        return type(self)(
            self.predicted[windows], self.probabilities[windows], self.labels[windows]
        )

    def rank(self, index: int, *, places: bool = False) -> Ranking:
        """One class against the rest, sorted; see `Ranking.of`."""
        return Ranking.of(*self.one_against_rest(index), places=places)

    def confusion(self, groups: Tensor | None = None, count: int = 1) -> Tensor:
        """Counts the decisions.

        Args:
            groups: (N,) integers below `count`, the group of each window.
            count: number of groups.

        Returns:
            (G, K, K) int64, or (count, G, K, K) with groups; rows are the truth.
        """
        slots, size = math.prod(self.labels.shape[1:]), self.categories
        counts = torch.zeros(count * slots * size**2, dtype=torch.int64, device=self.labels.device)
        for start in range(0, len(self), ROWS):  # few at a time: each step makes an array
            rows = slice(start, start + ROWS)
            truth, predicted = (
                x[rows].reshape(-1, slots).long() for x in (self.labels, self.predicted)
            )
            place = torch.arange(slots, device=truth.device)
            if groups is not None:
                place = groups[rows, None] * slots + place
            place = ((place * size + truth) * size + predicted).flatten()
            counts += place.bincount(minlength=len(counts))
        counts = counts.reshape(count, slots, size, size)
        return counts[0] if groups is None else counts

    @one_thread()
    def scores(self, given: Sequence[str] = ()) -> Scores:
        """All metrics, means over classes taken.

        Args:
            given: names of the classes, for the reasons.
        """
        confusion = self.confusion()
        counted = self.counted(confusion)
        if not len(self):
            return Scores.empty([*counted, *RANKED])
        names = self.names(given)
        parts = dict.fromkeys(counted, names)
        reasons = {name: [REASONS.get(name, "")] * len(names) for name in counted}
        columns = {name: value.tolist() for name, value in counted.items()}
        columns |= dict(zip(RANKED, self._areas(), strict=True))
        support = self.table(confusion)["support"].tolist()
        for name in RANKED:
            parts[name] = [names[index] for index in self.ranked]
            reasons[name] = [NO_NEGATIVE if support[i] else NO_POSITIVE for i in self.ranked]
        return Scores.averaged(columns, parts, reasons)

    def _areas(self) -> list[list[float]]:
        """AUROC and AUPR, a column each, with one number a ranked class."""
        areas = [torch.stack(self.rank(index).areas()) for index in self.ranked]
        return torch.stack(areas, 1).tolist()

    def _refuse_impossible(self) -> None:
        if self.labels.shape != self.predicted.shape:
            raise InputError(
                f"labels have the shape {tuple(self.labels.shape)}, predictions "
                f"{tuple(self.predicted.shape)}; does classification_type fit the data?"
            )
        # A sum is finite where all are, and needs no second array of this size.
        if not self.probabilities.sum().isfinite():
            bad = int((~self.probabilities.isfinite()).flatten(1).any(1).sum())
            raise Failure(
                f"the model's output is not finite for {bad} of {len(self)} windows; "
                "has training diverged (a lower optimizer.lr), or do the data hold NaN?"
            )
        if len(self) and not (self.labels.min() >= 0 and self.labels.max() < self.categories):
            raise InputError(
                f"labels run from {int(self.labels.min())} to {int(self.labels.max())}, but "
                f"{self.categories} categories take 0 to {self.categories - 1}; set num_classes"
            )
