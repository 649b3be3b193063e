"""Trains one model: what each process of a fine-tuning does."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn

from components import encoder, hdf5
from components.artifacts import BACKBONE, load_report
from components.data import Splits
from components.failures import Failure, InputError, first_line
from components.finetune import freezing, optimization, records
from components.finetune.finetuner import FineTuner
from components.finetune.trainer import build_trainer
from components.instantiation import make
from components.layout import Layout
from components.objectives import Objective

log = logging.getLogger("biotune")
VERSIONED = ("torch", "lightning", "timm", "torchmetrics", "biotune")


@dataclass(frozen=True)
class Request:
    """What a process needs to know: plain JSON data, so that it can be handed over.

    Attributes:
        splits: the local file of each split.
        folder: where the results go.
        config: the fine-tune slice of the configuration.
        provenance: what is tuned on what, for the records.
        backbone: a folder made by load-checkpoint, or None to start from scratch.
    """

    splits: dict[str, str]
    folder: str
    config: dict[str, Any]
    provenance: dict[str, Any]
    backbone: str | None


def train(request: Request) -> None:
    """Trains the model and, in the first process, writes its folder.

    Raises:
        InputError: configuration, backbone and data do not go together.
        Failure: the training found no usable model.
    """
    folder = Path(request.folder)
    paths = {split: Path(path) for split, path in request.splits.items()}
    header = hdf5.read_header(paths["train"])
    config = request.config | {"channels": list(header.channel_names)}
    tuner = assemble(config, header, request.backbone)
    data = config["data"]
    splits = Splits(paths, data["batch_size"], data["num_workers"], config["seed"])
    trainer = build_trainer(config, folder)
    trainer.precision_plugin.convert_module(tuner)  # bf16-true, say: no change by training
    before = freezing.digest(tuner.network.encoder, tuner.parts)
    tuner.train()  # Lightning keeps the mode that it finds
    try:
        trainer.fit(tuner, datamodule=splits)
    except MisconfigurationException as error:
        raise InputError(f"trainer: {first_line(error)}") from error
    except SystemExit as end:  # Lightning's own, without a word, after Ctrl-C
        raise end.__context__ or end from None
    except torch.OutOfMemoryError as error:
        raise Failure(
            f"out of memory on the device; set data.batch_size below {data['batch_size']} "
            f"(trainer.accumulate_grad_batches makes up for it): {first_line(error)}"
        ) from error
    if not trainer.is_global_zero:
        return
    selected = _load_best(trainer, tuner)
    after = freezing.digest(tuner.network.encoder, tuner.parts)
    if config["freeze_backbone"] and before != after:
        raise Failure("freeze_backbone=true: the backbone has changed all the same; report this")
    provenance = {
        **request.provenance,
        "selected": selected,
        "backbone_digest": {"before": before, "after": after},
        "versions": {name: metadata.version(name) for name in VERSIONED},
    }
    weights = {"class_weights": tuner.objective.class_weights}  # as numbers, not as "balanced"
    resolved = {"objective": config["objective"] | weights, "provenance": provenance}
    records.write(folder, tuner, config | resolved)


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
        _fill(module, parts, Path(backbone))
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
    return FineTuner(network, objective, parts, table, config, layout.head)


def _fill(module: nn.Module, parts: Mapping[str, str], backbone: Path) -> None:
    """Fills the backbone, and the head if the folder holds one."""
    afresh = {name for name, part in parts.items() if part == "head"}
    afresh.update(load_report(backbone)["missing"])
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


def _load_best(trainer: lightning.Trainer, tuner: FineTuner) -> str:
    """Takes the weights of the best epoch, and says which it was."""
    keeper = trainer.checkpoint_callback
    if not isinstance(keeper, ModelCheckpoint) or keeper.best_model_score is None:
        log.warning("no best checkpoint was kept: the model is that of the last step")
        return "last step"
    score = float(keeper.best_model_score)
    if not math.isfinite(score):
        raise Failure(f"the training never gave a finite {keeper.monitor}; lower optimizer.lr")
    saved = torch.load(keeper.best_model_path, map_location=tuner.device, weights_only=True)
    tuner.load_state_dict(saved["state_dict"])
    selected = f"epoch {saved['epoch'] + 1}, {keeper.monitor} {score:.4f}"
    log.info("kept %s", selected)
    return selected
