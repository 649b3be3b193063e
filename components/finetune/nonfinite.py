"""Watches for a loss or gradient that is no number, before it spoils what has been learned.

Looking at a number on a GPU makes the host wait for it. So the answers are kept on the device and
looked at every `_LOOKS` steps, and whenever a state or the best weights are to be written: what is
written is good, and no step waits. On the CPU, and where such batches are to be left out, each step
is looked at before it changes a weight.
"""

import logging
from collections.abc import Callable
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from components.failures import Failure
from components.finetune import sharding
from components.finetune.finetuner import FineTuner

log = logging.getLogger("biotune")

STOP, SKIP = "stop", "skip"
_LOOKS = 50
_SHOWN = 128


class Guard(Callback):
    """Ends a training at the first step that is not finite, or leaves such steps out.

    Args:
        policy: stop or skip.
        windows: the windows' indices in a batch, from epoch and batch.
    """

    def __init__(self, policy: str, windows: Callable[[int, int], list[int]]) -> None:
        self.policy, self.windows = policy, windows
        self.skipped, self._in_epoch = 0, 0
        self._spoilt = False
        self._unseen: list[tuple[Tensor, dict[str, Any]]] = []

    def state_dict(self) -> dict[str, Any]:
        """What was left out so far."""
        return {"skipped": self.skipped, "in_epoch": self._in_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on counting."""
        self.skipped, self._in_epoch = state_dict["skipped"], state_dict["in_epoch"]

    def on_before_backward(
        self, trainer: lightning.Trainer, tuner: FineTuner, loss: Tensor
    ) -> None:
        """Looks at the loss."""
        fine = torch.isfinite(loss.detach()).all()
        if self.policy == STOP:
            self._note(fine, trainer, "loss", loss)
        elif not fine:
            self._spoilt = True
            tuner.leave_out_last_batch()

    def on_before_optimizer_step(
        self, trainer: lightning.Trainer, tuner: FineTuner, optimizer: torch.optim.Optimizer
    ) -> None:
        """Looks at the gradient; a scaler leaves steps out itself, some of them on purpose."""
        scaled = getattr(trainer.precision_plugin, "scaler", None) is not None
        if scaled and self.policy == STOP:
            return
        groups = optimizer.param_groups
        grads = [p.grad for group in groups for p in group["params"] if p.grad is not None]
        if not grads:
            return
        norm = sharding.whole(torch.nn.utils.get_total_norm(grads))
        fine = torch.isfinite(norm)
        if scaled:
            if not fine:
                self._left_out(trainer)
            return
        tuner.gradient_norm = norm
        if self.policy == STOP:
            self._note(fine, trainer, "gradient", norm)
        # Several processes have one gradient, but each its own loss.
        elif not fine or (self._spoilt and trainer.world_size == 1):
            self._skip(trainer, groups)
        self._spoilt = False

    def on_validation_start(self, trainer: lightning.Trainer, tuner: FineTuner) -> None:
        """The best weights may be written next."""
        self.look()

    def on_train_epoch_end(self, trainer: lightning.Trainer, tuner: FineTuner) -> None:
        """Puts the number of batches that were left out into the history."""
        self.look()
        if self.policy == SKIP:
            tuner.note("skipped_steps", self._in_epoch)
            self._in_epoch = 0

    def look(self) -> None:
        """Waits for the device's answers so far.

        Raises:
            Failure: a step was not finite.
        """
        if not self._unseen:
            return
        unseen, self._unseen = self._unseen, []
        fine = torch.stack([answer for answer, _ in unseen]).tolist()
        for good, (_, facts) in zip(fine, unseen, strict=True):
            if not good:
                raise self._failure(facts)

    def _note(self, fine: Tensor, trainer: lightning.Trainer, what: str, value: Tensor) -> None:
        if _seen_at_once(value):
            if not fine:
                raise self._failure({"what": what, **_facts(trainer)})
            return
        self._unseen.append((fine, {"what": what, **_facts(trainer)}))
        if len(self._unseen) >= 2 * _LOOKS:
            self.look()

    def _failure(self, facts: dict[str, Any]) -> Failure:
        return Failure(
            f"the {facts['what']} is not finite at {self._told(facts)}; lower optimizer.lr, look "
            "at these windows, or set nonfinite=skip to go on without such batches"
        )

    def _skip(self, trainer: lightning.Trainer, groups: list[dict[str, Any]]) -> None:
        for group in groups:
            for parameter in group["params"]:
                parameter.grad = None  # such a one is left as it is, and its moments too
        self._left_out(trainer)

    def _left_out(self, trainer: lightning.Trainer) -> None:
        self.skipped += 1
        self._in_epoch += 1
        if trainer.is_global_zero:
            log.warning("no finite gradient, left out: %s", self._told(_facts(trainer)))

    def _told(self, facts: dict[str, Any]) -> str:
        windows = [w for batch in facts["batches"] for w in self.windows(facts["epoch"], batch)]
        listed = ", ".join(map(str, windows[:_SHOWN])) + (", ..." if windows[_SHOWN:] else "")
        return (
            f"step {facts['step']} (epoch {facts['epoch'] + 1}, batch {facts['batches'][-1] + 1}; "
            f"learning rates {facts['rates']}; windows {listed})"
        )


def _seen_at_once(value: Tensor) -> bool:
    return value.device.type == "cpu"


def _facts(trainer: lightning.Trainer) -> dict[str, Any]:
    rates = sorted({group["lr"] for group in trainer.optimizers[0].param_groups})
    shown = [f"{float(rate):.3g}" for rate in dict.fromkeys((rates[0], rates[-1]))]
    batch = trainer.fit_loop.batch_idx
    return {
        "step": trainer.global_step,
        "epoch": trainer.current_epoch,
        "batches": list(range(batch - batch % trainer.accumulate_grad_batches, batch + 1)),
        "rates": " to ".join(shown),
    }
