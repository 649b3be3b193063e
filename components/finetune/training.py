"""Trains one model: what each process of a fine-tuning does."""

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from components.config import for_loading
from components.data import Splits
from components.failures import Failure, InputError, first_line
from components.finetune import (
    acceleration,
    division,
    freezing,
    memory,
    nonfinite,
    records,
    sharding,
)
from components.finetune.assembly import assemble
from components.finetune.preemption import Preemption
from components.finetune.trainer import build_trainer
from components.folds import parts
from components.tracking.callback import following_training

log = logging.getLogger("biotune")
ENCODER = "network.encoder."  # of the FineTuner, as checkpoints name it
UNTOLD = ("resume", "tracking", "peer_timeout")  # no part of the model
VERSIONED = ("torch", "lightning", "timm", "torchmetrics", "biotune")


@dataclass(frozen=True)
class Request:
    """What a process needs to know: plain JSON data, so that it can be handed over.

    Attributes:
        splits: the local file of each split, or whose windows it is in which files.
        folder: where the results go.
        config: the fine-tune slice of the configuration.
        provenance: what is tuned on what, for the records.
        backbone: a folder made by load-checkpoint, or None to start from scratch.
        resume: where states are kept, and the one to go on from; None to keep none.
    """

    splits: dict[str, Any]
    folder: str
    config: dict[str, Any]
    provenance: dict[str, Any]
    backbone: str | None
    resume: dict[str, Any] | None = None


def train(request: Request) -> None:
    """Trains the model and, in the first process, writes its folder.

    Raises:
        InputError: configuration, backbone and data do not go together.
        Failure: the training found no usable model.
    """
    folder = Path(request.folder)
    paths = {split: parts.restored(source) for split, source in request.splits.items()}
    header = parts.header(paths["train"])
    config = request.config | {"channels": list(header.channel_names)}
    acceleration.prepare_process(config)
    tuner = assemble(config, header, request.backbone)
    data = config["data"]
    start = _start(request.resume)
    splits = Splits(paths, **for_loading(data), seed=config["seed"], start=start)
    policy = config.get("nonfinite", nonfinite.STOP)
    guard = nonfinite.Guard(policy, splits.windows)
    keeper = Preemption(request.resume, folder, guard) if request.resume else None
    ours = [guard, keeper] if keeper else [guard]
    ours += following_training(config, request.provenance, request.resume, folder)
    trainer = build_trainer(config, folder, ours)
    trainer.precision_plugin.convert_module(tuner)  # bf16-true, say: no change by training
    acceleration.prepare(tuner.network.encoder, tuner.network, tuner.parts, config)
    before = freezing.digest(tuner.network.encoder.state_dict(), tuner.parts)
    tuner.train()  # Lightning keeps the mode that it finds
    state = keeper.state if keeper else None
    with memory.told(data["batch_size"]), acceleration.told(config), _told():
        trainer.fit(tuner, datamodule=splits, ckpt_path=state, weights_only=True)
    if trainer.global_step == 0:
        limit = config["trainer"]["max_time"]
        raise Failure(
            f"the training ended before its first step; is trainer.max_time={limit} enough?"
        )
    weights = sharding.gathered(trainer, tuner.network.encoder.state_dict())
    if not trainer.is_global_zero:
        return
    selected, weights = _best(trainer) or ("last step", weights)
    after = freezing.digest(weights, tuner.parts)
    if config["freeze_backbone"] and before != after:
        raise Failure("freeze_backbone=true: the backbone has changed all the same; report this")
    provenance = {
        **request.provenance,
        "selected": selected,
        "backbone_digest": {"before": before, "after": after},
        "versions": {name: metadata.version(name) for name in VERSIONED},
    }
    if policy == nonfinite.SKIP:
        provenance["skipped_steps"] = guard.skipped
    numbers = {"class_weights": tuner.objective.class_weights}  # not as "balanced"
    provenance["data"] = {
        split: facts | {"flaws": tuner.flaws.records.get(split, {})}
        for split, facts in provenance["data"].items()
    }
    resolved = {"objective": config["objective"] | numbers, "provenance": provenance}
    kept = {key: value for key, value in config.items() if key not in UNTOLD}
    records.write(folder, weights, tuner, kept | resolved)


def _start(plan: Mapping[str, Any] | None) -> tuple[int, int]:
    """The epoch and the batch in it that a training begins with."""
    if not plan or not plan["found"]:
        return 0, 0
    where = plan["found"]["position"]
    return where["epoch"], where["batch"]


@contextmanager
def _told() -> Iterator[None]:
    try:
        with division.told():
            yield
    except MisconfigurationException as error:
        raise InputError(f"trainer: {first_line(error)}") from error
    except SystemExit as end:  # Lightning's own, without a word, after Ctrl-C
        raise end.__context__ or end from None


def _best(trainer: lightning.Trainer) -> tuple[str, dict[str, Tensor]] | None:
    """Which epoch was the best, and its weights; None where none was kept."""
    keeper = trainer.checkpoint_callback
    if not isinstance(keeper, ModelCheckpoint) or keeper.best_model_score is None:
        log.warning("no best checkpoint was kept: the model is that of the last step")
        return None
    score = float(keeper.best_model_score)
    if not math.isfinite(score):
        raise Failure(f"the training never gave a finite {keeper.monitor}; lower optimizer.lr")
    saved = torch.load(keeper.best_model_path, map_location="cpu", weights_only=True)
    selected = f"epoch {saved['epoch'] + 1}, {keeper.monitor} {score:.4f}"
    log.info("kept %s", selected)
    return selected, {
        name.removeprefix(ENCODER): tensor
        for name, tensor in saved["state_dict"].items()
        if name.startswith(ENCODER)
    }
