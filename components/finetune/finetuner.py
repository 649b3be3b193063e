"""The one LightningModule: a model step, the metrics of train and val, the optimizer."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from timm.scheduler.scheduler import Scheduler as TimmScheduler
from torch import Tensor
from torch.optim import Optimizer
from torchmetrics import MeanMetric

from components.encoder import Network
from components.finetune import freezing, optimization
from components.metrics.metric import ClassificationMetric
from components.objectives import Objective

log = logging.getLogger("biotune")


class FineTuner(LightningModule):
    """Trains a network on an objective.

    Args:
        network: normalisation and encoder.
        objective: with class weights resolved.
        parts: part of each tensor of the encoder.
        table: how each parameter learns.
        config: the fine-tune slice of the configuration.
        head: the layout's regular expressions of the head.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        parts: Mapping[str, str],
        table: Mapping[str, optimization.Rate],
        config: Mapping[str, Any],
        head: tuple[str, ...],
    ) -> None:
        super().__init__()
        self.network, self.objective = network, objective
        self.parts, self.table, self.config, self.head = parts, table, config, head
        self.train_scores = ClassificationMetric(objective)
        self.val_scores = ClassificationMetric(objective)
        self.train_mean, self.val_mean = MeanMetric(), MeanMetric()
        self.history: list[dict[str, float]] = []
        self._row: dict[str, float] = {}

    def model_step(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The logits (B, num_logits) of a batch and their loss."""
        logits = self.network(batch["input"])
        return logits, self.objective.loss(logits, batch["label"])

    def on_train_batch_start(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        """Makes what is random in this step a function of (seed, epoch, step, process) alone."""
        step = (self.config["seed"], self.current_epoch, batch_idx, self.global_rank)
        torch.manual_seed(int(np.random.SeedSequence(step).generate_state(1)[0]))

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """One batch of the train split."""
        logits, loss = self.model_step(batch)
        self.log("train_loss_step", loss, on_step=True, on_epoch=False)
        self.train_scores.update(logits.detach(), batch["label"])
        self.train_mean.update(loss.detach(), len(logits))
        return loss

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        """One batch of the val split."""
        logits, loss = self.model_step(batch)
        self.val_scores.update(logits, batch["label"])
        self.val_mean.update(loss, len(logits))

    def on_validation_epoch_end(self) -> None:
        """Logs the metrics of the val split."""
        self._gather("val", self.val_mean, self.val_scores)

    def on_train_epoch_end(self) -> None:
        """Logs the metrics of the train split and closes the row of this epoch."""
        self._gather("train", self.train_mean, self.train_scores)
        row = {"epoch": self.current_epoch, **self._row}
        self.history.append(row)
        if self.trainer.is_global_zero and not self.trainer.progress_bar_callback:
            shown = ("train_loss", "val_loss", "val_balanced_acc", "val_auroc")
            told = " ".join(f"{key} {row[key]:.4f}" for key in shown if key in row)
            log.info("epoch %d of %d: %s", len(self.history), self.trainer.max_epochs, told)
        self._row = {}

    def train(self, mode: bool = True) -> "FineTuner":
        """Keeps a frozen backbone in eval mode, whatever Lightning asks for."""
        super().train(mode)
        if mode and self.config["freeze_backbone"]:
            freezing.rest(self.network.encoder, self.parts, self.head)
        return self

    def configure_optimizers(self) -> dict[str, Any]:
        """The optimizer in layer-wise groups, and its scheduler."""
        optimizer = optimization.optimizer(
            self.network.encoder,
            self.table,
            self.config["optimizer"],
            # Fused steps unscale the gradients themselves, and Lightning then refuses to clip.
            fused=not str(self.trainer.precision).endswith("-mixed"),
        )
        steps = int(self.trainer.estimated_stepping_batches)
        epochs = max(1, self.trainer.max_epochs or 1)
        return {
            "optimizer": optimizer,
            "lr_scheduler": optimization.scheduler(
                optimizer, self.config["scheduler"], steps=steps, epochs=epochs
            ),
        }

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        """Steps timm's schedulers by the number of updates, torch's as torch wants it."""
        if isinstance(scheduler, TimmScheduler):
            scheduler.step_update(num_updates=self.global_step)
        else:
            super().lr_scheduler_step(scheduler, metric)

    def optimizer_zero_grad(self, epoch: int, batch_idx: int, optimizer: Optimizer) -> None:
        """Frees the gradients, which is cheaper than writing zeros."""
        optimizer.zero_grad(set_to_none=True)

    def _gather(self, split: str, mean: MeanMetric, scores: ClassificationMetric) -> None:
        found = scores.compute().values
        row = {f"{split}_loss": float(mean.compute())}
        row |= {f"{split}_{name}": value for name, value in found.items() if value is not None}
        mean.reset()
        scores.reset()
        self._row |= row
        self.log_dict({key: torch.tensor(value) for key, value in row.items()})
