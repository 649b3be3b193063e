"""Model, objective and learning rates, put together and tried before a trainer gets them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import nn

from components import encoder, frozen, hdf5
from components.artifacts import BACKBONE, load_report
from components.failures import InputError, first_line
from components.finetune import freezing, optimization
from components.finetune.finetuner import FineTuner
from components.instantiation import make
from components.layout import Layout
from components.objectives import Objective


def assemble(config: Mapping[str, Any], header: hdf5.Header, backbone: str | None) -> FineTuner:
    """Model, objective and learning rates, ready for a trainer.

    Args:
        config: the fine-tune slice of the configuration.
        header: of the train split, for class weights and the shape of a window.
        backbone: a folder made by load-checkpoint, or None to start from scratch.
    """
    objective = make(config["objective"], "objective").resolved(header.labels)
    lightning.seed_everything(config["seed"], workers=True, verbose=False)
    network = encoder.network(config)
    module = network.encoder
    layout = Layout.from_config(config["model"].get("layout"))
    parts = layout.assign(module.state_dict())
    if backbone:
        missing = load_report(Path(backbone))["missing"]
        if config["freeze_backbone"]:
            frozen.require_filled(missing)
        _fill(module, parts, Path(backbone), missing)
    if config["freeze_backbone"]:
        freezing.freeze(module, parts)
    table = optimization.rates(
        module,
        parts,
        weight_decay=config["optimizer"]["weight_decay"],
        layer_decay=config["layerwise_lr_decay"],
        stem=config["layerwise_lr_stem"],
        decay_all=config["optimizer"]["decay_all"],
    )
    _try(network, objective, header)
    return FineTuner(network, objective, parts, table, config, layout.head, header.channels)


def _fill(
    module: nn.Module, parts: Mapping[str, str], backbone: Path, missing: Iterable[str]
) -> None:
    """Fills the backbone, and the head if the folder holds one."""
    afresh = {name for name, part in parts.items() if part == "head"}
    afresh.update(missing)
    encoder.fill(module, backbone / BACKBONE, frozenset(afresh))


def _try(network: nn.Module, objective: Objective, header: hdf5.Header) -> None:
    """Passes one empty window through, so that a misfit shows before a GPU is warm."""
    try:
        with torch.inference_mode():
            logits = network.eval()(torch.zeros(1, header.channels, header.samples))
    except (RuntimeError, ValueError, LookupError, TypeError, AssertionError) as error:
        raise InputError(
            f"model: cannot take windows of {header.channels} channels and {header.samples} "
            f"samples ({first_line(error)}); set the model's sizes to those of the data"
        ) from error
    if not isinstance(logits, torch.Tensor):
        raise InputError(
            f"model: returns a {type(logits).__name__}; it must return a tensor of logits alone"
        )
    objective.probabilities(logits)
