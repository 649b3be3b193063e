"""Batches `{"input", "label", "flaws"}` of windows for torch.

The order of the windows is a function of (seed, epoch) alone. It does not depend on the number of
workers, nor on that of processes: each takes its share of the same global batch.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from components import flaws
from components.failures import InputError
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


class ShuffledBatches(Sampler[list[int]]):
    """This process's share of each global batch, reshuffled every epoch.

    An incomplete last batch is left out: it would weigh its few windows more than the others, and
    could hold a single one. Which windows it would hold differs in every epoch.

    Args:
        windows: how many there are to shuffle.
        batch_size: windows a step and process.
        same: every epoch is the first one, for a model that is to overfit a few batches.
        start: the epoch and the batch in it to begin with, for a training that goes on.
    """

    def __init__(
        self,
        windows: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        processes: int = 1,
        *,
        same: bool = False,
        start: tuple[int, int] = (0, 0),
    ) -> None:
        if windows < batch_size * processes:
            raise InputError(
                f"data.batch_size={batch_size} on {processes} processes: the train split has only "
                f"{windows} windows, less than one batch"
            )
        self.windows, self.batch_size, self.seed = windows, batch_size, seed
        self.rank, self.processes = rank, processes
        self.same, self.start = same, start
        self.epoch = start[0]  # a worker begins to read before anybody tells the epoch

    @property
    def sampler(self) -> "ShuffledBatches":
        """Itself: Lightning tells the epoch to a batch sampler's `sampler`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Chooses the shuffle of this epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.windows // (self.batch_size * self.processes)

    def __iter__(self) -> Iterator[list[int]]:
        epoch, batch = self.start
        for windows in self.batches(self.epoch)[batch if self.epoch == epoch else 0 :]:
            yield windows.tolist()

    def batches(self, epoch: int) -> np.ndarray:
        """The windows' indices in all batches of an epoch, (batches, batch size)."""
        shuffle = (self.seed, 0 if self.same else epoch)
        order = np.random.default_rng(shuffle).permutation(self.windows)
        shared = order[: len(self) * self.batch_size * self.processes]
        return shared.reshape(len(self), self.processes, self.batch_size)[:, self.rank]


class OrderedBatches(Sampler[list[int]]):
    """This process's share of a split in file order, each window once, the last batch shorter."""

    def __init__(self, windows: int, batch_size: int, rank: int = 0, processes: int = 1) -> None:
        self.batches = [
            list(range(start, min(start + batch_size, windows)))
            for start in range(0, windows, batch_size)
        ][rank::processes]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)


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
        return loader(self.paths["val"], batches=batches, **self.options)


def _as_it_is(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return batch
