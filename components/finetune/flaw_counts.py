"""Counts the channels without a signal that a training sees in its first epoch."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import lightning
import torch
from torch import Tensor

from components import flaws

log = logging.getLogger("biotune")
SPLITS = ("train", "val")


class FlawCounts:
    """Adds up what the batches say of their windows, on the device and without waiting for it.

    Args:
        channels: how many a window has.
        names: theirs, or none.
        policy: what is done about a flaw.

    Attributes:
        records: of each split that was seen through.
    """

    def __init__(self, channels: int, names: Sequence[str], policy: flaws.Policy) -> None:
        self.names, self.policy = names, policy
        self.records: dict[str, flaws.Record] = {}
        self._counts = {split: torch.zeros(2, channels, dtype=torch.int64) for split in SPLITS}

    def add(self, split: str, counts: Tensor) -> None:
        """Counts a batch.

        Args:
            counts: (2, C), the batch's "flaws".
        """
        if split not in self.records:
            self._counts[split] = self._counts[split].to(counts.device) + counts

    def begin(self, split: str) -> None:
        """Forgets what was counted of a split that is seen from its beginning again."""
        self._counts[split] = torch.zeros_like(self._counts[split])

    def settle(self, split: str, trainer: lightning.Trainer) -> None:
        """Ends the first epoch of a split: tells the counts of all processes."""
        if split in self.records:
            return
        device = trainer.strategy.root_device
        total = trainer.strategy.reduce(self._counts[split].to(device), reduce_op="sum")
        found = flaws.record(total.cpu().numpy(), self.names, self.policy)
        self.records[split] = found
        if found and trainer.is_global_zero:
            log.warning("%s: %s", split, flaws.told(found))

    def state(self) -> dict[str, Any]:
        """What this process has counted, as plain data and tensors."""
        return {"records": dict(self.records), "counts": dict(self._counts)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        self.records, self._counts = dict(state["records"]), dict(state["counts"])
