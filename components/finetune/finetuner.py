"""The one LightningModule: a model step, the metrics of train and val, the optimizer."""

import logging
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from timm.scheduler.scheduler import Scheduler as TimmScheduler
from torch import Tensor
from torchmetrics.utilities import dim_zero_cat

from components import flaws
from components.encoder import Network
from components.failures import InputError
from components.finetune import clipping, freezing, optimization
from components.finetune.flaw_counts import FlawCounts
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
        channels: how many a window has.

    Attributes:
        flaws: counts of the channels without a signal.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        parts: Mapping[str, str],
        table: Mapping[str, optimization.Rate],
        config: Mapping[str, Any],
        head: tuple[str, ...],
        channels: int,
    ) -> None:
        super().__init__()
        self.network, self.objective = network, objective
        self.parts, self.table, self.config, self.head = parts, table, config, head
        self.train_scores = ClassificationMetric(objective)
        self.val_scores = ClassificationMetric(objective)
        self.history: list[dict[str, float]] = []
        self._row: dict[str, float] = {}
        self.gradient_norm: Tensor | None = None
        policy = flaws.Policy.from_config(config["data"])
        self.flaws = FlawCounts(channels, config["channels"], policy)

    def on_train_batch_start(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        """Makes what is random in this step a function of (seed, epoch, step, process) alone."""
        step = (self.config["seed"], self.current_epoch, batch_idx, self.global_rank)
        seed = int(np.random.SeedSequence(step).generate_state(1)[0])
        # `torch.manual_seed` takes a stack trace for each kind of device that is not in use.
        torch.default_generator.manual_seed(seed)
        if self.device.type != "cpu":
            getattr(torch, self.device.type).manual_seed(seed)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """One batch of the train split."""
        logits = self.network(batch["input"])
        loss = self.objective.loss(logits, batch["label"])
        every = self.trainer.log_every_n_steps  # 0: never
        if every and (self.global_step + 1) % every == 0:  # or nobody reads it
            self.log("train_loss_step", loss, on_step=True, on_epoch=False)
        self.train_scores.update(logits, batch["label"])
        self.flaws.add("train", batch["flaws"])
        return loss

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        """One batch of the val split."""
        logits = self.network(batch["input"])
        if not self.trainer.datamodule.counts(batch_idx):
            return
        self.val_scores.update(logits, batch["label"])
        if not self.trainer.sanity_checking:
            self.flaws.add("val", batch["flaws"])

    def on_validation_epoch_end(self) -> None:
        """Logs the metrics of the val split."""
        if self.trainer.sanity_checking:  # a few batches, before the first epoch
            self.val_scores.reset()
        else:
            self._gather("val", self.val_scores)

    def on_train_epoch_end(self) -> None:
        """Logs the metrics of the train split and closes the row of this epoch."""
        self._gather("train", self.train_scores)
        row = {"epoch": self.current_epoch, **self._row}
        self.history.append(row)
        if self.trainer.is_global_zero and not self.trainer.progress_bar_callback:
            shown = ("train_loss", "val_loss", "val_balanced_acc", "val_auroc")
            told = " ".join(f"{key} {row[key]:.4f}" for key in shown if key in row)
            epochs = self.trainer.max_epochs or -1
            count = f"{len(self.history)} of {epochs}" if epochs > 0 else len(self.history)
            log.info("epoch %s: %s", count, told)
        self._row = {}

    def note(self, column: str, value: float) -> None:
        """Puts a further number into the history's row of this epoch."""
        self._row[column] = value

    def leave_out_last_batch(self) -> None:
        """Takes the batch that was just seen out of the metrics of the train split."""
        self.train_scores.logits.pop()
        self.train_scores.labels.pop()

    def half_epoch(self) -> dict[str, Any]:
        """What this process knows of the training beside the weights, as plain data and tensors."""
        logits, labels = self.train_scores.logits, self.train_scores.labels
        seen = (dim_zero_cat(logits), dim_zero_cat(labels)) if len(logits) else None
        known = {"history": self.history, "row": self._row, "train": seen}
        return known | {"flaws": self.flaws.state()}

    def resume_half_epoch(self, half: Mapping[str, Any]) -> None:
        """Goes on from what `half_epoch` gave."""
        self.history, self._row = list(half["history"]), dict(half["row"])
        self.flaws.restore(half["flaws"])
        if half["train"] is not None:
            logits, labels = (tensor.to(self.device) for tensor in half["train"])
            self.train_scores.update(logits, labels)

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
            fused=clipping.may_fuse(self.trainer, self.config["optimizer"]["optim"]),
        )
        self.trainer.fit_loop.setup_data()  # or no batches are counted where steps or time end it
        batches = self.trainer.num_training_batches / self.trainer.accumulate_grad_batches
        return {
            "optimizer": optimizer,
            "lr_scheduler": optimization.scheduler(
                optimizer,
                self.config["scheduler"],
                steps=self.trainer.estimated_stepping_batches,
                per_epoch=max(1, math.ceil(batches)),
            ),
        }

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clips by the norm that the guard has taken, where it has."""
        norm, self.gradient_norm = self.gradient_norm, None
        if not clipping.by_norm(self.trainer, optimizer, gradient_clip_val, norm):
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        """Steps timm's schedulers by the number of updates, torch's as torch wants it."""
        if isinstance(scheduler, TimmScheduler):
            scheduler.step_update(num_updates=self.global_step)
        else:
            super().lr_scheduler_step(scheduler, metric)

    def _gather(self, split: str, scores: ClassificationMetric) -> None:
        self.flaws.settle(split, self.trainer)
        found = scores.compute()
        named = {f"{split}_{name}": value for name, value in found.values.items()}
        self._refuse_to_watch({k for k, v in named.items() if v is None}, found.undefined)
        row = {f"{split}_loss": scores.mean_loss()}
        row |= {key: value for key, value in named.items() if value is not None}
        scores.reset()
        self._row |= row
        self.log_dict({key: torch.tensor(value) for key, value in row.items()})

    def _refuse_to_watch(self, undefined: set[str], reasons: Mapping[str, str]) -> None:
        """Ends a training whose best epoch, end or learning rate hangs on what is undefined."""
        nodes = {f"callbacks.{name}": node for name, node in self.config["callbacks"].items()}
        for key, node in (nodes | {"scheduler": self.config["scheduler"]}).items():
            if node and (monitor := node.get("monitor")) in undefined:
                split, _, name = monitor.partition("_")
                raise InputError(
                    f"{key}.monitor={monitor}: undefined on the {split} split ({reasons[name]}); "
                    f"watch another metric, as in {key}.monitor={split}_balanced_acc"
                )
