"""The forms that decisions take: one class, one of two, labels, outputs."""

from collections.abc import Sequence

from torch import Tensor

from components.metrics.counting import macro, per_class, per_label, two_class
from components.metrics.decisions import Decisions


class SingleLabel(Decisions):
    """One of K classes a window: probabilities (N, K), labels (N,)."""

    def one_against_rest(self, index: int) -> tuple[Tensor, Tensor]:
        """Scores (N,) of a class and whether it is the true one."""
        return self.probabilities[..., index].flatten(), self.labels.flatten() == index

    def counted(self, confusion: Tensor) -> dict[str, Tensor]:
        """Macro-averages (..., 1) over the classes, the decisions of a window pooled."""
        return {k: value[..., None] for k, value in macro(confusion.sum(-3)).items()}

    def table(self, confusion: Tensor) -> dict[str, Tensor]:
        """One row a class, the decisions of a window pooled."""
        return per_class(confusion.sum(-3))

    def matrices(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        """One matrix over all classes."""
        return [""], list(names)


class TwoClass(SingleLabel):
    """One of two classes a window; the probability of class 1 is the score."""

    ranked = (1,)

    def counted(self, confusion: Tensor) -> dict[str, Tensor]:
        """As for K classes, with sensitivity and specificity beside."""
        return {k: value[..., None] for k, value in two_class(confusion.sum(-3)).items()}


class Outputs(SingleLabel):
    """One of K classes for each of O outputs: probabilities (N, O, K), labels (N, O).

    Every output of every window is one decision; all are pooled.
    """

    def matrices(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        """One matrix an output."""
        return [f"output {index}" for index in range(self.labels.shape[1])], list(names)

    def outputs(self) -> list[tuple[str, Decisions]]:
        """Each output by itself."""
        titles, _ = self.matrices([])
        parts = (self.predicted, self.probabilities, self.labels)
        return [
            (title, SingleLabel(*(part[:, index] for part in parts)))
            for index, title in enumerate(titles)
        ]


class Labels(Decisions):
    """No or yes to each of L labels: probabilities (N, L), labels (N, L)."""

    word = "label"
    categories = 2

    def one_against_rest(self, index: int) -> tuple[Tensor, Tensor]:
        """Scores (N,) of a label and whether it is set."""
        return self.probabilities[:, index], self.labels[:, index] > 0

    def counted(self, confusion: Tensor) -> dict[str, Tensor]:
        """Each label by itself: (..., L)."""
        return per_label(confusion)

    def table(self, confusion: Tensor) -> dict[str, Tensor]:
        """One row a label: how well its presence is found."""
        return {k: value[..., 1] for k, value in per_class(confusion).items()}

    def matrices(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        """One matrix a label."""
        return list(names), ["no", "yes"]
