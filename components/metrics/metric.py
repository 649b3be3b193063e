"""The metrics over an epoch, as Lightning and torchmetrics want them."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from components.metrics.scores import Scores
from components.objectives import Objective

ROWS = 1 << 18  # windows whose probabilities are made at a time


class ClassificationMetric(Metric):
    """Keeps logits and labels where they are, and makes all metrics of them at the epoch's end.

    An update appends two tensors: nothing is computed, moved or waited for. Kept are 4 bytes a
    logit and the labels; processes exchange them at `compute`.

    Args:
        objective: of the classification type.
    """

    is_differentiable = False
    full_state_update = False
    logits: list[Tensor]
    labels: list[Tensor]

    def __init__(self, objective: Objective, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.objective = objective
        self.add_state("logits", [], dist_reduce_fx="cat")
        self.add_state("labels", [], dist_reduce_fx="cat")

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """Keeps a batch.

        Args:
            logits: (B, num_logits) or (B, *logit_shape), of any floating point type; kept as
                float32.
            labels: (B, *label_shape).
        """
        # A copy: a view into the model's output would keep all of that output alive.
        self.logits.append(logits.detach().flatten(1).float().clone())
        self.labels.append(labels.detach())

    def forward(self, logits: Tensor, labels: Tensor) -> None:
        """Keeps a batch; torchmetrics would compute the batch's own metrics here."""
        self.update(logits, labels)

    def compute(self) -> Scores:
        """Metrics of all that was kept."""
        self._keep_shape()
        labels = dim_zero_cat(self.labels)
        return self.objective.scores(self._probabilities(len(labels)), labels)

    def mean_loss(self) -> float:
        """The objective's loss over all that was kept, whatever the batches were.

        The mean of the batches' losses would depend on how they were cut: weighted cross-entropy
        divides by the weights of the windows in a batch.
        """
        with self.sync_context(dist_sync_fn=self.dist_sync_fn):
            logits, labels = dim_zero_cat(self.logits), dim_zero_cat(self.labels)
            return float(self.objective.loss(logits, labels))

    def _probabilities(self, windows: int) -> Tensor:
        """Of all windows, piece by piece, so that the logits are not there twice."""
        whole, start = None, 0
        for piece in _pieces(self.logits if isinstance(self.logits, list) else [self.logits]):
            found = self.objective.probabilities(piece)
            if len(found) == windows:
                return found
            whole = found.new_empty(windows, *found.shape[1:]) if whole is None else whole
            whole[start : start + len(found)] = found
            start += len(found)
        return whole

    def sync(self, *args: Any, **kwargs: Any) -> None:
        """Gathers what all processes kept; one may have seen no batch."""
        self._keep_shape()
        super().sync(*args, **kwargs)

    def _keep_shape(self) -> None:
        # torchmetrics would send an empty tensor of one dimension, which the others' do not fit.
        if not len(self.logits):
            shape = self.objective.label_shape
            self.logits.append(torch.zeros(0, self.objective.num_logits, device=self.device))
            self.labels.append(torch.zeros(0, *shape, dtype=torch.long, device=self.device))


def _pieces(batches: Sequence[Tensor]) -> Iterator[Tensor]:
    """The rows of all batches in order, `ROWS` or some more at a time."""
    waiting: list[Tensor] = []
    rows = 0
    for part in (part for batch in batches for part in batch.split(ROWS)):
        waiting.append(part)
        rows += len(part)
        if rows >= ROWS:
            yield torch.cat(waiting)
            waiting, rows = [], 0
    if waiting:
        yield torch.cat(waiting)
