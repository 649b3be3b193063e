"""What every classification type has: sizes, checks, loss, probabilities, decisions, scores."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from components.failures import Failure, InputError
from components.objectives import labels as label_checks
from components.objectives.settings import BALANCED, integer, smoothing, weights

if TYPE_CHECKING:
    from torch import Tensor

    from components.metrics import Decisions, Scores


class Objective:
    """What the types share: softmax over K classes and cross-entropy, unless a type says otherwise.

    Args:
        num_classes: number of classes K, or of labels L for `mc`; an integer of at least 2.
        num_outputs: number of outputs O of `mmc`; the other types have no use for it.
        label_smoothing: in [0, 1), in the loss alone.
        class_weights: None, "balanced", or one positive number for each class.

    Raises:
        InputError: a value is of the wrong kind or outside its range.
    """

    kind: str
    meaning: str
    width_key: str | None = None

    def __init__(
        self,
        num_classes: int,
        num_outputs: int | None = None,
        label_smoothing: float = 0.0,
        class_weights: str | Sequence[float] | None = None,
    ) -> None:
        self.num_classes = integer("num_classes", num_classes, 2, self.kind)
        self.num_outputs = num_outputs
        self.label_smoothing = smoothing(label_smoothing)
        self.class_weights = weights(class_weights, self.num_classes)
        self._placed: dict = {}

    @property
    def logit_shape(self) -> tuple[int, ...]:
        """Shape of one window's logits and probabilities."""
        return (self.num_classes,)

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Shape of one window's label."""
        return ()

    @property
    def label_count(self) -> int:
        """How many values a label can take, from 0."""
        return self.num_classes

    @property
    def num_logits(self) -> int:
        """How many numbers the model returns for a window."""
        return math.prod(self.logit_shape)

    def plain(self) -> Self:
        """The same objective without class weights and label smoothing."""
        return type(self)(self.num_classes, self.num_outputs)

    def resolved(self, labels: np.ndarray) -> Self:
        """The same objective with "balanced" turned into numbers.

        Args:
            labels: (N, *label_shape), those of the train split and of no other.
        """
        chosen = self.class_weights
        chosen = self.balanced_weights(labels) if chosen == BALANCED else chosen
        return type(self)(self.num_classes, self.num_outputs, self.label_smoothing, chosen)

    def check_labels(self, labels: np.ndarray) -> list[str]:
        """Complaints about labels (N, *label_shape); an empty list when they fit."""
        labels = np.asarray(labels)
        shape = label_checks.shape_complaint(
            labels, self.label_shape, self.meaning, self.kind, self.width_key
        )
        values = label_checks.value_complaint(labels, self.label_count, self.kind, self.num_classes)
        return [complaint for complaint in (shape, values) if complaint]

    def balanced_weights(self, labels: np.ndarray) -> list[float]:
        """N / (K * count) for each class of the train labels (N, *label_shape).

        Raises:
            InputError: a class does not occur.
        """
        return label_checks.class_balance(labels, self.num_classes)

    def probabilities(self, logits: "Tensor") -> "Tensor":
        """Softmax in float64: (B, *logit_shape) from the model's (B, num_logits)."""
        powers = double(self._shaped(logits))
        # In place: at ten million windows every further array is half a gigabyte.
        powers.sub_(powers.amax(-1, keepdim=True)).exp_()
        return powers.div_(powers.sum(-1, keepdim=True))

    def predictions(self, probabilities: "Tensor") -> "Tensor":
        """Decisions (B, *label_shape), int64; of equal probabilities the first wins."""
        return probabilities.argmax(-1)

    def loss(self, logits: "Tensor", labels: "Tensor") -> "Tensor":
        """Mean cross-entropy, weighted and smoothed as configured; a scalar.

        Args:
            logits: (B, num_logits), or (B, *logit_shape).
            labels: (B, *label_shape), integers.
        """
        from torch.nn.functional import cross_entropy

        flat = self._shaped(logits).reshape(-1, self.num_classes)
        weight = self._weight_beside(flat)
        targets = labels.reshape(-1)
        return cross_entropy(flat, targets, weight, label_smoothing=self.label_smoothing)

    def decisions(self, probabilities: "Tensor", labels: "Tensor") -> "Decisions":
        """What was decided and what was right, in a form that is the same for every type."""
        from components.metrics import SingleLabel

        return SingleLabel(self.predictions(probabilities), probabilities, labels)

    def scores(self, probabilities: "Tensor", labels: "Tensor") -> "Scores":
        """All metrics of probabilities (N, *logit_shape) against labels (N, *label_shape).

        Raises:
            Failure: a probability is not finite, or a label is outside its range.
        """
        return self.decisions(probabilities, labels).scores()

    def _shaped(self, logits: "Tensor") -> "Tensor":
        if tuple(logits.shape[1:]) not in {self.logit_shape, (self.num_logits,)}:
            raise InputError(
                f"the model returns {tuple(logits.shape)}, but classification_type={self.kind} "
                f"with num_classes={self.num_classes} needs ({len(logits)}, {self.num_logits}); "
                f"give the model's head {self.num_logits} outputs"
            )
        return logits.reshape(-1, *self.logit_shape)

    def _weight_beside(self, logits: "Tensor") -> "Tensor | None":
        """The class weights on the logits' device; sent there once, not at every step."""
        if self.class_weights is None:
            return None
        if self.class_weights == BALANCED:
            raise Failure(
                "objective.class_weights=balanced needs the train labels: resolved(labels)"
            )
        key = (logits.device, logits.dtype)
        if key not in self._placed:
            self._placed[key] = logits.new_tensor(self.class_weights)
        return self._placed[key]


def double(logits: "Tensor") -> "Tensor":
    """A copy in float64, on the CPU where the device has none."""
    import torch

    logits = logits.detach()
    device = "cpu" if logits.device.type == "mps" else logits.device
    return logits.to(device, torch.float64, copy=True)
