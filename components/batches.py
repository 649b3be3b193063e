"""Which windows are in which batch of which process.

The order of the windows is a function of (seed, epoch) alone. It does not depend on the number of
workers, nor on that of processes: each takes its share of the same global batch.
"""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from components.failures import InputError


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
    """This process's share of a split in file order, each window once, the last batch shorter.

    All processes have equally many batches, since they meet in each of them where a model is
    divided among them or has batch norm. Who would have one less reads a first batch once more.

    Attributes:
        counted: how many of the batches are this process's share.
    """

    def __init__(self, windows: int, batch_size: int, rank: int = 0, processes: int = 1) -> None:
        batches = [
            list(range(start, min(start + batch_size, windows)))
            for start in range(0, windows, batch_size)
        ]
        share, most = batches[rank::processes], len(batches[::processes])
        self.counted = len(share)
        self.batches = share + batches[: most - len(share)]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)
