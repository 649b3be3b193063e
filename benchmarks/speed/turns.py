"""A training of ours whose steps take turns with those of a bare loop, in one process.

Both have the same model, batches, loss, clipping, threads and memory allocator; what is busy beside
them hits both alike. The bare loop has its batches in memory and one group of fused AdamW; it keeps
no metrics, logs nothing and checks nothing.
"""

import copy
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from benchmarks.speed import tasks
from components.finetune.finetuner import FineTuner
from components.finetune.step import run

WARM_UP = 3  # steps of both
_current: "list[Turns]" = []  # Hydra makes the callback, and knows no way back


class Turns(Callback):
    """Takes a bare step before each of ours, and measures both.

    Attributes:
        pairs: seconds of a step of ours, from one batch to the next, and of a bare one.
    """

    def __init__(self) -> None:
        self.pairs: list[tuple[float, float]] = []
        self._bare: Callable[[], None] | None = None
        self._began, self._took = 0.0, 0.0
        _current.append(self)

    def on_train_start(self, trainer: lightning.Trainer, tuner: FineTuner) -> None:
        """Makes the bare loop of the very same model."""
        self._bare = bare_loop(tuner, trainer.datamodule)

    def on_train_batch_start(
        self, trainer: lightning.Trainer, tuner: FineTuner, batch: Any, batch_idx: int
    ) -> None:
        """Ends a step of ours, takes a bare one, and begins the next of ours."""
        now = time.perf_counter()
        if batch_idx > WARM_UP:
            self.pairs.append((now - self._began, self._took))
        began = time.perf_counter()
        self._bare()
        self._began = time.perf_counter()
        self._took = self._began - began


def taken(
    task: tuple[str, ...], *overrides: str, windows: int = 0, data: Path | None = None
) -> list[tuple[float, float]]:
    """Trains as `finetune` does.

    Args:
        windows: of a dataset of noise, if there is no other.
        data: a dataset.

    Returns:
        (ours, bare) in seconds for each step.
    """
    config = tasks.settings(task, *overrides)
    config["callbacks"]["turns"] = {"_target_": f"{__name__}.Turns"}
    with tempfile.TemporaryDirectory(prefix="biotune-bench-") as scratch:
        folder = Path(scratch)
        config["resume"]["uri"] = str(folder / "states")
        data = data or tasks.dataset(folder / "data", windows)
        run(str(data), folder / "model", config)
    return _current.pop().pairs


def bare_loop(tuner: FineTuner, splits: Any) -> Callable[[], None]:
    """One step a call, on batches in memory."""
    network = copy.deepcopy(tuner.network).train()
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, fused=True)
    batches = iter([(b["input"], b["label"]) for b in _some(splits)] * 10_000)

    def step() -> None:
        inputs, labels = next(batches)
        optimizer.zero_grad()
        tuner.objective.loss(network(inputs), labels).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()

    return step


def _some(splits: Any) -> list[dict[str, Tensor]]:
    batches = iter(splits.train_dataloader())
    return [next(batches) for _ in range(2)]
