"""What follows a training while it goes on: its settings at the start, each epoch when it ends."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback

from components.tracking import following
from components.tracking.settings import Settings, settings
from components.tracking.tracked import FAILED, KILLED, Tracked


class Following(Callback):
    """Tells MLflow of a training; after a first failure no more until the training is done."""

    def __init__(self, wanted: Settings, **training: Any) -> None:
        self._wanted, self._training = wanted, training
        self._run: Tracked | None = None

    def on_fit_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule):
        """Begins the run, in the first process alone."""
        if trainer.is_global_zero:
            with following.spared(self._wanted, "the training"):
                self._run = following.begun(self._wanted, **self._training)

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """Tells of the epochs that are done; an epoch's row is closed after our own end of it."""
        self._tell(pl_module)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """Tells of the last epoch."""
        self._tell(pl_module)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Marks the run; a retry goes on with it."""
        stopped = isinstance(exception, KeyboardInterrupt | SystemExit)
        run, self._run = self._run, None
        if run is not None:
            with following.spared(self._wanted, "the end of the training"):
                run.end(KILLED if stopped else FAILED)

    def _tell(self, tuner: Any) -> None:
        run, self._run = self._run, None
        if run is not None:
            with following.spared(self._wanted, "the rest of the training"):
                run.history(tuner.history)
                self._run = run


def following_training(
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
    resumed: Mapping[str, Any] | None,
    folder: Path,
) -> list[Callback]:
    """The callback, where the configuration asks for it.

    Args:
        config: the finetune slice.
        provenance: what is tuned on what.
        resumed: where states are kept; None for nowhere.
        folder: of the results, which gets the record.
    """
    if (wanted := settings(config)) is None:
        return []
    place = resumed["place"]["uri"] if resumed else ""
    given = {"config": config, "provenance": provenance, "place": place, "folder": folder}
    return [Following(wanted, **given)]
