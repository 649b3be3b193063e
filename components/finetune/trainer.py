"""Lightning's trainer as the configuration wants it."""

import logging
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, Checkpoint, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger

from components import strategies
from components.failures import InputError, first_line
from components.finetune import sharding
from components.instantiation import make

UNHELPFUL = (
    r"`isinstance\(treespec",
    ".*does not have many workers",
    ".*logging interval",
    ".*sync_dist=True",  # the metrics have gathered their states already
    r"Found \d+ module\(s\) in eval mode",  # a frozen backbone
    "You're resuming from a checkpoint that ended before",  # our loader begins where it ended
)
_REFUSALS = (MisconfigurationException, ValueError, TypeError, AttributeError, ImportError)


def build_trainer(
    config: Mapping[str, Any], folder: Path, ours: Sequence[Callback] = ()
) -> lightning.Trainer:
    """The trainer with the configured callbacks, and TensorBoard's records in `folder`.

    Args:
        ours: callbacks that no configuration names.

    Raises:
        InputError: an argument that Lightning refuses.
    """
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)  # tips and adverts
    for unhelpful in UNHELPFUL:
        warnings.filterwarnings("ignore", message=unhelpful)
    settings = {key: value for key, value in config["trainer"].items() if value is not None}
    settings.setdefault("enable_progress_bar", sys.stderr.isatty())
    callbacks = [*_callbacks(config["callbacks"], folder), *ours]
    # Without a callback that keeps something, Lightning adds one that keeps the last epoch as if
    # it were the best.
    keeps = any(isinstance(callback, Checkpoint) for callback in callbacks)
    settings.setdefault("enable_checkpointing", keeps)
    if settings.get("strategy") == strategies.FSDP:
        settings |= sharding.settings()
    try:
        return lightning.Trainer(
            **settings,
            callbacks=callbacks,
            logger=TensorBoardLogger(folder, name="tensorboard", version=""),
            default_root_dir=folder,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
    except _REFUSALS as error:
        raise InputError(f"trainer: {first_line(error)}") from error


def _callbacks(nodes: Mapping[str, Any], folder: Path) -> list[Callback]:
    made = [make(node, f"callbacks.{name}") for name, node in nodes.items() if node]
    for callback in made:
        if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
            callback.dirpath = str(folder / "checkpoints")
    return made
