"""Optimizer and scheduler: layer-wise learning rates in few groups, durations in steps."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from timm.optim import Lamb
from timm.scheduler import PlateauLRScheduler
from timm.scheduler.scheduler import Scheduler as TimmScheduler
from torch import nn

from components.agreement import NO_TIMM_PLATEAU, STEPS_NOT_EPOCHS
from components.durations import in_counts
from components.failures import InputError
from components.instantiation import make
from components.layout import block_index

log = logging.getLogger("biotune")

OPTIMIZERS = {
    "SGD": torch.optim.SGD,
    "Adam": torch.optim.Adam,
    "AdamW": torch.optim.AdamW,
    "LAMB": Lamb,
}
_WITHOUT_DECAY = (
    *(nn.Embedding, nn.LayerNorm, nn.RMSNorm, nn.GroupNorm),
    *(nn.modules.batchnorm._NormBase,),  # batch and instance norms
)
_PARAMETRIZED = re.compile(r"(^|\.)parametrizations\.(\w+)\.original\d*$")


@dataclass(frozen=True)
class Rate:
    """How one parameter learns; `scale` multiplies the scheduled learning rate."""

    part: str
    scale: float
    weight_decay: float
    frozen: bool


def rates(
    encoder: nn.Module,
    parts: Mapping[str, str],
    *,
    weight_decay: float,
    layer_decay: float,
    stem: str,
    decay_all: bool,
) -> dict[str, Rate]:
    """The rate of every parameter.

    Block i of n learns at `layer_decay ** (n - i)`, final norm and head at 1, the stem at
    `layer_decay ** (n + 1)` as in BEiT (Bao et al. 2021, arXiv:2106.08254) or, with
    `stem="base"`, at 1. Only the weights of layers decay, not biases, norms, embeddings and bare
    parameters, unless `decay_all`.

    Raises:
        InputError: a decay below 1 has no block to fall on.
    """
    depth = len({part for part in parts.values() if block_index(part) is not None})
    if layer_decay < 1 and not depth:
        raise InputError(
            f"layerwise_lr_decay={layer_decay}: the model's layout has no blocks, so that all of "
            "them would learn at one rate; name them in model.layout.blocks or set it to 1"
        )

    def scale(part: str) -> float:
        if (index := block_index(part)) is not None:
            return layer_decay ** (depth - index)
        return layer_decay ** (depth + 1) if part == "stem" and stem == "decayed" else 1.0

    decaying = _decaying(encoder)
    return {
        name: Rate(
            part=parts[name],
            scale=scale(parts[name]),
            weight_decay=weight_decay if decay_all or name in decaying else 0.0,
            frozen=not parameter.requires_grad,
        )
        for name, parameter in encoder.named_parameters()
    }


def optimizer(
    encoder: nn.Module, table: Mapping[str, Rate], settings: Mapping[str, Any], *, fused: bool
) -> torch.optim.Optimizer:
    """The configured optimizer, with one group for each pair of scale and weight decay.

    Groups carry `lr_scale`, which timm's schedulers apply at every update, so that warm-up and
    minimum keep the ratio of the groups.

    Raises:
        InputError: `optimizer.options` holds what the optimizer does not take.
    """
    parameters = dict(encoder.named_parameters())
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for name, rate in table.items():
        if rate.frozen:
            continue
        group = groups.setdefault(
            (rate.scale, rate.weight_decay),
            {"params": [], "lr_scale": rate.scale, "weight_decay": rate.weight_decay},
        )
        group["params"].append(parameters[name])
    kind = OPTIMIZERS[settings["optim"]]
    options = dict(settings["options"])
    if kind is Lamb:  # it clips by itself unless told not to; trainer.gradient_clip_val is for that
        options.setdefault("max_grad_norm", None)
    elif "fused" not in options and "foreach" not in options:
        options["fused"] = fused
    try:
        return kind(list(groups.values()), lr=settings["lr"], **options)
    except (TypeError, ValueError) as error:
        raise InputError(f"optimizer.options={settings['options']}: {error}") from None


def scheduler(
    optimizer: torch.optim.Optimizer, settings: Mapping[str, Any], *, steps: float, per_epoch: int
) -> dict[str, Any]:
    """The configured scheduler as Lightning wants it.

    Args:
        settings: Hydra node with `_target_` and its arguments, `interval` (step or epoch) and,
            for a scheduler that wants a metric, `monitor`.
        steps: optimizer steps of the whole training; infinite where nothing but time ends it.
        per_epoch: optimizer steps of an epoch.

    Raises:
        InputError: the scheduler does not take its arguments, would not keep the ratio of the
            layers, or would never move.
    """
    node = {k: v for k, v in settings.items() if k not in ("interval", "monitor")}
    node = in_counts(node, settings["interval"], steps=steps, per_epoch=per_epoch)
    warm_up = node.get("warmup_t", 0)
    if 0 < steps <= warm_up * (1 if settings["interval"] == "step" else per_epoch):
        log.warning("scheduler.warmup_t: the training ends within the warm-up of %d", warm_up)
    scales = [group["lr_scale"] for group in optimizer.param_groups]
    if not str(node.get("_target_", "")).startswith("timm."):
        for group in optimizer.param_groups:  # torch's know no lr_scale: they start from the rate
            group["lr"] *= group.pop("lr_scale")
    made = make(node, "scheduler", optimizer=optimizer)
    rates = [group["lr"] / s for group, s in zip(optimizer.param_groups, scales, strict=True)]
    if max(rates) > min(rates) * (1 + 1e-6):
        raise InputError(
            f"scheduler._target_={node['_target_']}: gives all layers one rate, whatever "
            "layerwise_lr_decay says; set layerwise_lr_decay=1 or another scheduler"
        )
    wanted = {"scheduler": made, "interval": settings["interval"]}
    if isinstance(made, TimmScheduler) and settings["interval"] != "step":
        raise InputError("scheduler.interval: a timm scheduler is stepped by step; set step")
    if isinstance(made, PlateauLRScheduler):
        raise InputError(f"scheduler._target_={node['_target_']}: {NO_TIMM_PLATEAU}")
    if isinstance(made, TimmScheduler) and made.t_in_epochs:
        raise InputError(f"scheduler._target_={node['_target_']}: {STEPS_NOT_EPOCHS}")
    if settings.get("monitor"):
        wanted["monitor"] = settings["monitor"]
    return wanted


def _decaying(encoder: nn.Module) -> set[str]:
    """Names of the weights of layers: matrices and kernels of modules that are no embedding.

    Layers of a recurrence name theirs `weight_ih_l0`, say; a parametrized weight counts as what it
    stands for.
    """
    exempt = set(encoder.no_weight_decay()) if hasattr(encoder, "no_weight_decay") else set()
    modules = dict(encoder.named_modules())
    decaying = set()
    for name, parameter in encoder.named_parameters():
        owner, _, leaf = _PARAMETRIZED.sub(r"\1\2", name).rpartition(".")
        weight = leaf.endswith("weight") or leaf.startswith("weight_")
        if weight and parameter.ndim > 1 and not isinstance(modules[owner], _WITHOUT_DECAY):
            decaying.add(name)
    return decaying - exempt
