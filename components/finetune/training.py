"""Trains one model: what each process of a fine-tuning does."""

import csv
import logging
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import lightning
import torch
import yaml
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from safetensors.torch import save_file
from torch import nn

from components import encoder, hdf5
from components.artifacts import (
    BACKBONE,
    CONFIG,
    HISTORY,
    LEARNING_RATES,
    MODEL,
    load_report,
)
from components.data import Splits
from components.failures import Failure, InputError
from components.finetune import freezing, optimization
from components.finetune.finetuner import FineTuner
from components.instantiation import make
from components.layout import Layout
from components.normalization import normalization

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

    def to_dict(self) -> dict[str, Any]:
        """The request as plain data."""
        return asdict(self)


def train(request: Request) -> None:
    """Trains the model and, in the first process, writes its folder.

    Raises:
        InputError: configuration, backbone and data do not go together.
        Failure: the training found no usable model.
    """
    config, folder = request.config, Path(request.folder)
    paths = {split: Path(path) for split, path in request.splits.items()}
    labels = hdf5.read_header(paths["train"]).labels
    objective = make(config["objective"], "objective").resolved(labels)
    lightning.seed_everything(config["seed"], workers=True, verbose=False)
    module = encoder.build(config["model"])
    layout = Layout.from_config(config["model"].get("layout"))
    parts = layout.assign(module.state_dict())
    if request.backbone:
        _fill(module, parts, Path(request.backbone))
    else:
        log.warning("FROM SCRATCH: no backbone is given, every weight starts at random")
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
    network = encoder.Network(normalization(config["input_normalization"]), module)
    tuner = FineTuner(network, objective, parts, table, config, layout.head)
    before = freezing.digest(module, parts)
    data = config["data"]
    splits = Splits(paths, data["batch_size"], data["num_workers"], config["seed"])
    trainer = _trainer(config, folder)
    trainer.fit(tuner, datamodule=splits)
    if not trainer.is_global_zero:
        return
    best = _load_best(trainer, tuner)
    record = {
        **request.provenance,
        **best,
        "backbone_digest": {"before": before, "after": freezing.digest(module, parts)},
        "versions": {name: metadata.version(name) for name in VERSIONED},
    }
    _write(folder, tuner, config | {"objective": _plain(config, objective), "provenance": record})


def _fill(module: nn.Module, parts: Mapping[str, str], backbone: Path) -> None:
    """Fills the backbone, and the head if the folder holds one."""
    afresh = {name for name, part in parts.items() if part == "head"}
    afresh.update(load_report(backbone)["missing"])
    encoder.fill(module, backbone / BACKBONE, frozenset(afresh))


def _trainer(config: dict[str, Any], folder: Path) -> lightning.Trainer:
    settings = {key: value for key, value in config["trainer"].items() if value is not None}
    settings.setdefault("enable_progress_bar", sys.stderr.isatty())
    try:
        return lightning.Trainer(
            **settings,
            callbacks=_callbacks(config["callbacks"], folder),
            logger=TensorBoardLogger(folder, name="tensorboard", version=""),
            default_root_dir=folder,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
    except (MisconfigurationException, ValueError, TypeError) as error:
        raise InputError(f"trainer: {str(error).splitlines()[0]}") from error


def _callbacks(nodes: Mapping[str, Any], folder: Path) -> list[Callback]:
    made = [make(node, f"callbacks.{name}") for name, node in nodes.items() if node]
    for callback in made:
        if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
            callback.dirpath = str(folder / "checkpoints")
    return made


def _load_best(trainer: lightning.Trainer, tuner: FineTuner) -> dict[str, Any]:
    """Takes the weights of the best epoch, and says which it was."""
    keeper = trainer.checkpoint_callback
    if not isinstance(keeper, ModelCheckpoint) or not keeper.best_model_path:
        log.warning("no best checkpoint was kept: the model is that of the last step")
        return {"selected": "last step"}
    saved = torch.load(keeper.best_model_path, map_location=tuner.device, weights_only=True)
    tuner.load_state_dict(saved["state_dict"])
    score = float(keeper.best_model_score)
    if score != score:
        raise Failure(f"the training never gave a finite {keeper.monitor}; lower optimizer.lr")
    log.info("best epoch %d: %s %.4f", saved["epoch"] + 1, keeper.monitor, score)
    return {"selected": f"epoch {saved['epoch'] + 1}, {keeper.monitor} {score:.4f}"}


def _plain(config: Mapping[str, Any], objective: Any) -> dict[str, Any]:
    """The objective's node with class weights as the numbers that were used."""
    return {**config["objective"], "class_weights": objective.class_weights}


def _write(folder: Path, tuner: FineTuner, config: Mapping[str, Any]) -> None:
    state = tuner.network.encoder.state_dict()
    save_file({name: tensor.cpu().contiguous() for name, tensor in state.items()}, folder / MODEL)
    (folder / CONFIG).write_text(yaml.safe_dump(dict(config), sort_keys=False))
    lr = config["optimizer"]["lr"]
    rows = [
        {"parameter": name, "part": rate.part, "lr": 0.0 if rate.frozen else lr * rate.scale}
        | {"scale": rate.scale, "weight_decay": rate.weight_decay, "frozen": rate.frozen}
        for name, rate in tuner.table.items()
    ]
    _table(folder / LEARNING_RATES, rows)
    _table(folder / HISTORY, tuner.history)


def _table(file: Path, rows: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
