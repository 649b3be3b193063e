"""Clipping gradients by a norm that is there already.

The guard against what is not finite takes the norm of all gradients at every step; Lightning would
take it again.
"""

import lightning
import torch
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy
from torch import Tensor

from components.finetune import sharding


def may_fuse(trainer: lightning.Trainer, optimizer: str) -> bool:
    """Whether the optimizer's step may be one kernel, which torch's SGD lacks for parts of a model.

    Such a step unscales gradients itself, so that they can't be clipped before where a scaler is at
    work (16-mixed); Lightning refuses to clip under bf16-mixed too, where we do it ourselves.
    """
    if sharding.is_divided(trainer) and optimizer == "SGD":
        return False
    precision = str(trainer.precision)
    if not precision.endswith("-mixed"):
        return True
    return precision == "bf16-mixed" and _ours(trainer)


def by_norm(
    trainer: lightning.Trainer,
    optimizer: torch.optim.Optimizer,
    limit: float | None,
    norm: Tensor | None,
) -> bool:
    """Clips, if that is ours to do.

    Args:
        limit: the most that the norm may be; None or 0 for no limit.
        norm: of all gradients of this step; None where nobody has taken it.

    Returns:
        Whether Lightning has nothing left to do.
    """
    if norm is None or not _ours(trainer):
        return False
    if limit and limit > 0:  # a negative one would turn the gradient round
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        torch.nn.utils.clip_grads_with_norm_(parameters, limit, norm)
    return True


def _ours(trainer: lightning.Trainer) -> bool:
    """By norm, and where each process has all gradients."""
    whole = isinstance(trainer.strategy, (SingleDeviceStrategy, DDPStrategy))
    return whole and trainer.gradient_clip_algorithm in (None, "norm")
