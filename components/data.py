"""Batches `{"input", "label", "flaws"}` of windows for torch."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from components import flaws
from components.batches import OrderedBatches, ShuffledBatches
from components.hdf5.selection import Source, located, opened


class WindowDataset(Dataset):
    """A split whose windows are fetched a batch at a time.

    Args:
        policy: what is done about channels that carry no signal.
    """

    def __init__(self, source: Source, policy: flaws.Policy) -> None:
        self.windows, self.policy = opened(source), policy
        self._sound = np.zeros(len(self.windows), dtype=bool)  # seen, and without a flaw

    def __len__(self) -> int:
        return len(self.windows)

    def __getitems__(self, indices: Sequence[int]) -> dict[str, Tensor]:
        """Reads a whole batch in one go; torch calls this in place of `__getitem__`."""
        inputs, labels = self.windows.read(indices)
        counts = self._treat(inputs, np.asarray(indices))
        arrays = {"input": inputs, "label": labels, "flaws": counts}
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    def _treat(self, inputs: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Looks for flaws in windows that have not been seen without; see `flaws.treat`."""
        unknown = np.flatnonzero(~self._sound[places])
        if not len(unknown):
            return np.zeros((len(flaws.KINDS), inputs.shape[1]), dtype=np.int64)
        part = inputs if len(unknown) == len(inputs) else inputs[unknown]
        where = located(self.windows, places[unknown])
        named = str(self.windows.path), self.windows.channel_names
        counts = flaws.treat(part, where, self.policy, *named)
        flawed = np.zeros(len(unknown), dtype=bool)
        if counts.any():
            inputs[unknown] = part
            # Also in what is masked now, which is constant.
            flawed = np.logical_or(*flaws.find(part).values()).any(1)
        self._sound[places[unknown[~flawed]]] = True
        return counts


def loader(
    source: Source,
    *,
    batch_size: int,
    num_workers: int,
    nonfinite_channels: str = flaws.REFUSE,
    constant_channels: str = flaws.KEEP,
    batches: Callable[[int, int], Sampler[list[int]]] = OrderedBatches,
) -> DataLoader:
    """Loads a split, in file order unless `batches` says otherwise.

    Args:
        nonfinite_channels, constant_channels: what is done about channels without a signal.
        batches: makes the order from the number of windows and the batch size.

    Returns:
        Batches of "input" (B, C, T) float32 in the unit of the data, "label" (B, ...) int64 and
        "flaws" (2, C) int64: in how many of the windows a channel is not finite, or constant.
    """
    dataset = WindowDataset(source, flaws.Policy(nonfinite_channels, constant_channels))
    return DataLoader(
        dataset,
        batch_sampler=batches(len(dataset), batch_size),
        num_workers=num_workers,
        collate_fn=_as_it_is,
        pin_memory=torch.cuda.is_available(),
        persistent_workers=num_workers > 0,
    )


class Splits(LightningDataModule):
    """The train and val splits, shared among the trainer's processes.

    Args:
        paths: where each split lies: a local file, or some subjects in several.
        options: further arguments of `loader`.
        start: see `ShuffledBatches`.
    """

    def __init__(
        self,
        paths: dict[str, Source],
        seed: int,
        start: tuple[int, int] = (0, 0),
        **options: Any,
    ) -> None:
        super().__init__()
        self.paths, self.seed, self.start = paths, seed, start
        self._shuffled: ShuffledBatches | None = None
        self.options = options

    def train_dataloader(self) -> DataLoader:
        """Shuffled batches of the train split."""
        batches = partial(
            ShuffledBatches,
            seed=self.seed,
            rank=self.trainer.global_rank,
            processes=self.trainer.world_size,
            same=self.trainer.overfit_batches > 0,
            start=self.start,
        )
        made = loader(self.paths["train"], batches=batches, **self.options)
        self._shuffled, self._read = made.batch_sampler, made.dataset.windows
        return made

    def windows(self, epoch: int, batch: int) -> list[int]:
        """The windows' places in a batch of this process, once the training has begun."""
        return located(self._read, self._shuffled.batches(epoch)[batch]).tolist()

    def val_dataloader(self) -> DataLoader:
        """The val split, each window once over all processes."""
        batches = partial(
            OrderedBatches, rank=self.trainer.global_rank, processes=self.trainer.world_size
        )
        made = loader(self.paths["val"], batches=batches, **self.options)
        self._counted = made.batch_sampler.counted
        return made

    def counts(self, batch: int) -> bool:
        """Whether this batch of the val split is in this process's share."""
        return batch < self._counted


def _as_it_is(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return batch
