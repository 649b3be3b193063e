"""The nodes of a training, as Kubeflow Trainer's environment tells each of them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from components.failures import InputError


@dataclass(frozen=True)
class Nodes:
    """How many nodes train together, and which of them this one is.

    Attributes:
        count: of nodes.
        rank: of this node, from 0; the first one keeps states and delivers the model.
        processes: of each node: a number, or "auto" for one a device.
        address, port: where the first node can be reached by all.
    """

    count: int
    rank: int
    processes: int | str
    address: str
    port: int

    @property
    def first(self) -> bool:
        """Whether this is the node that writes."""
        return self.rank == 0


def from_environment(environment: Mapping[str, str] = os.environ) -> Nodes:
    """Reads `PET_*`, which `torch.distributed.run` reads too.

    Raises:
        InputError: a variable is missing, or is no number.
    """
    count, rank = _number(environment, "PET_NNODES"), _number(environment, "PET_NODE_RANK")
    port = _number(environment, "PET_MASTER_PORT")
    if not 0 <= rank < count:
        raise InputError(f"PET_NODE_RANK={rank}: must be from 0 to {count - 1}, as PET_NNODES says")
    processes = environment.get("PET_NPROC_PER_NODE", "auto")
    return Nodes(
        count=count,
        rank=rank,
        processes=int(processes) if processes.isdigit() else "auto",
        address=environment["PET_MASTER_ADDR"],
        port=port,
    )


def _number(environment: Mapping[str, str], name: str) -> int:
    value = environment.get(name, "")
    if not value.isdigit() or not environment.get("PET_MASTER_ADDR"):
        raise InputError(
            f"{name}={value}: PET_MASTER_ADDR, PET_MASTER_PORT, PET_NNODES and PET_NODE_RANK must "
            "be set, as a TrainJob sets them"
        )
    return int(value)
