"""The classification types, each in what it does differently."""

from typing import TYPE_CHECKING

import numpy as np

from components.failures import InputError
from components.objectives import labels as label_checks
from components.objectives.objective import Objective, double
from components.objectives.settings import integer

if TYPE_CHECKING:
    from torch import Tensor

    from components.metrics import Decisions


class MultiClass(Objective):
    """One of K classes for each window: `mcc` and `ml`."""

    kind = "mcc|ml"
    meaning = "one class number for each window"


class Binary(Objective):
    """One of two classes, class 1 the positive one: `bc`."""

    kind = "bc"
    meaning = "0 or 1 for each window"

    def __init__(self, num_classes: int, *args, **kwargs) -> None:
        super().__init__(num_classes, *args, **kwargs)
        if num_classes != 2:
            raise InputError(
                f"num_classes={num_classes}: classification_type=bc has exactly 2 classes; "
                "set num_classes=2 or classification_type=mcc"
            )

    def decisions(self, probabilities: "Tensor", labels: "Tensor") -> "Decisions":
        """What was decided and what was right, in a form that is the same for every type."""
        from components.metrics import TwoClass

        return TwoClass(self.predictions(probabilities), probabilities, labels)


class MultiLabel(Objective):
    """Any number of L labels for each window: `mc`; `num_classes` is L."""

    kind = "mc"
    meaning = "0 or 1 for each of num_classes labels"
    width_key = "num_classes"

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Shape of one window's label."""
        return (self.num_classes,)

    @property
    def label_count(self) -> int:
        """How many values a label can take, from 0."""
        return 2

    def balanced_weights(self, labels: np.ndarray) -> list[float]:
        """Negatives for each positive, for each label: the weight of its positive class."""
        return label_checks.positive_balance(labels)

    def probabilities(self, logits: "Tensor") -> "Tensor":
        """Sigmoid in float64: (B, L)."""
        return double(self._shaped(logits)).sigmoid_()

    def predictions(self, probabilities: "Tensor") -> "Tensor":
        """1 above 0.5, else 0 (exactly 0.5 too): (B, L), int64."""
        return (probabilities > 0.5).long()

    def loss(self, logits: "Tensor", labels: "Tensor") -> "Tensor":
        """Mean binary cross-entropy; smoothing s makes y into y * (1 - s) + s / 2; a scalar."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        logits = self._shaped(logits)
        targets = labels.to(logits.dtype) * (1 - self.label_smoothing) + self.label_smoothing / 2
        weight = self._weight_beside(logits)
        return binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)

    def decisions(self, probabilities: "Tensor", labels: "Tensor") -> "Decisions":
        """What was decided and what was right, in a form that is the same for every type."""
        from components.metrics import Labels

        return Labels(self.predictions(probabilities), probabilities, labels)


class MultiOutput(Objective):
    """One of K classes for each of O outputs of a window: `mmc`."""

    kind = "mmc"
    meaning = "one class number for each of num_outputs outputs"
    width_key = "num_outputs"

    def __init__(self, num_classes: int, num_outputs: int | None = None, *args, **kwargs) -> None:
        super().__init__(num_classes, num_outputs, *args, **kwargs)
        self.num_outputs = integer("num_outputs", num_outputs, 1, self.kind)

    @property
    def logit_shape(self) -> tuple[int, ...]:
        """Shape of one window's logits and probabilities."""
        return (self.num_outputs, self.num_classes)

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Shape of one window's label."""
        return (self.num_outputs,)

    def probabilities(self, logits: "Tensor") -> "Tensor":
        """Sigmoid in float64: (B, O, K)."""
        return double(self._shaped(logits)).sigmoid_()

    def decisions(self, probabilities: "Tensor", labels: "Tensor") -> "Decisions":
        """What was decided and what was right, in a form that is the same for every type."""
        from components.metrics import Outputs

        return Outputs(self.predictions(probabilities), probabilities, labels)
