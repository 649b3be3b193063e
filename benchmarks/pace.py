"""A callback that counts how long the steps of a training take."""

import json
import time
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback


class Pace(Callback):
    """Writes the mean seconds of a step, from one batch to the next, in the first process.

    Args:
        file: for the number.
        warm: steps at the beginning of each epoch that are not counted.
    """

    def __init__(self, file: str, warm: int) -> None:
        self.file, self.warm = Path(file), warm
        self.steps, self.seconds, self._since = 0, 0.0, 0.0

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        """Counts what has passed since the batch before."""
        if batch_idx > self.warm:
            self.steps += 1
            self.seconds += _now() - self._since
        self._since = _now()

    def on_train_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """Tells."""
        if trainer.is_global_zero:
            self.file.write_text(json.dumps(self.seconds / self.steps))


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
