"""What the processes of a training knew of its half epoch, shared out among another number of them.

Each window that was seen stays counted once. All else, such as the history, was known to each.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


def share(halves: Sequence[Mapping[str, Any]], rank: int, processes: int) -> dict[str, Any]:
    """The half epoch of one of the processes that go on.

    Args:
        halves: `FineTuner.half_epoch` of each process that stopped.
        rank: of the process, from 0.
        processes: how many go on.
    """
    seen = [half["train"] for half in halves if half["train"] is not None]
    flaws = halves[0]["flaws"]
    counts = {
        split: sum((half["flaws"]["counts"][split] for half in halves[1:]), start=mine)
        if rank == 0
        else torch.zeros_like(mine)
        for split, mine in flaws["counts"].items()
    }
    return {
        **halves[0],
        "train": _part(seen, rank, processes),
        "flaws": {**flaws, "counts": counts},
    }


def _part(
    seen: Sequence[tuple[Tensor, Tensor]], rank: int, processes: int
) -> tuple[Tensor, Tensor] | None:
    if not seen:
        return None
    logits, labels = (
        torch.cat(kind).tensor_split(processes)[rank] for kind in zip(*seen, strict=True)
    )
    return (logits, labels) if len(logits) else None
