"""How many processes a fine-tuning takes, and their start.

Lightning would start `__main__` again for each further device, which inside a pipeline is KFP's
executor. So the step starts a worker module of its own, as `torch.distributed.run` would.
"""

import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn
from uuid import uuid4

import torch

from components.failures import FAILURE, PEER, STOPPED, Failure, InputError, reraise
from components.finetune.peers import Peers
from components.finetune.training import Request

SEVERAL = (
    "several nodes train together on a cluster alone: leave it at 1, and set `nodes` in the "
    "placement profile"
)
_LAST = {PEER: 1, STOPPED: 2}


def processes(trainer: Mapping[str, Any], *, several: bool = False) -> int:
    """The number of devices that `trainer.devices` means on this machine.

    Args:
        several: this machine is one of those that `trainer.num_nodes` means.

    Raises:
        InputError: more devices than there are, or more nodes than this one.
    """
    if trainer["num_nodes"] != 1 and not several:
        raise InputError(f"trainer.num_nodes={trainer['num_nodes']}: {SEVERAL}")
    accelerator, devices = trainer["accelerator"], trainer["devices"]
    there = torch.cuda.device_count()
    if accelerator in ("gpu", "cuda") and not there:
        raise InputError(f"trainer.accelerator={accelerator}: no GPU here; set it to cpu or auto")
    on_gpu = there and accelerator in ("auto", "gpu", "cuda")
    if isinstance(devices, (list, tuple)):
        return len(devices)
    if devices in ("auto", -1, "-1"):
        return there if on_gpu else 1
    if not str(devices).isdigit() or int(devices) < 1:
        raise InputError(f"trainer.devices={devices}: must be a number, a list, or auto")
    if on_gpu and int(devices) > there:
        raise InputError(f"trainer.devices={devices}: there are {there} GPUs here")
    return int(devices)


def launch(request: Request, count: int, peers: Peers | None = None) -> None:
    """Trains in `count` processes on this machine; the first that fails speaks for all.

    Args:
        peers: the other nodes, where the training is theirs too.

    Raises:
        Failure: what a process here told; a `PeerLost` if all that happened was that the processes
            of another node were missed.
        SystemExit: they were told to stop, here or on another node.
    """
    # Only who has several processes waits for this import.
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    with TemporaryDirectory(prefix="biotune-launch-") as scratch:
        file = Path(scratch) / "request.json"
        file.write_text(json.dumps(asdict(request)))
        settings = LaunchConfig(nproc_per_node=count, max_restarts=0, **_meeting(peers))
        worker = ("-m", "components.finetune.worker", str(file))
        try:
            elastic_launch(settings, sys.executable)(*worker)
        except SignalException as stopped:  # which the processes were told, and waited for
            raise SystemExit(128 + stopped.sigval) from None
        except ChildFailedError as error:
            rank, first = error.get_first_failure()
            records = {file.parent.name: _read(file) for file in Path(scratch).rglob(FAILURE)}
            unheard = first.exitcode if str(rank) not in records else 0
            _tell([records[name] for name in sorted(records)], unheard, peers)


def _meeting(peers: Peers | None) -> dict[str, Any]:
    """Where torch's launcher meets those of the other nodes."""
    if peers is None:
        meeting = {"rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0", "run_id": uuid4().hex}
        return {"min_nodes": 1, "max_nodes": 1, **meeting}
    nodes = peers.nodes
    return {
        "min_nodes": nodes.count,
        "max_nodes": nodes.count,
        "rdzv_backend": "static",
        "rdzv_endpoint": f"{nodes.address}:{nodes.port}",
        "rdzv_configs": {"rank": nodes.rank, "timeout": int(peers.wait)},
        "run_id": "biotune",
    }


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text())


def _tell(records: list[dict[str, Any]], unheard: int, peers: Peers | None) -> NoReturn:
    """Raises what went wrong here.

    A process that fails takes the others with it: they are stopped, or miss it. What they say
    counts only where nobody says anything else.

    Args:
        unheard: the exit code of the process that ended first, if it left no record.
    """
    records = sorted(records, key=lambda record: _LAST.get(record["kind"], 0))
    kind = records[0]["kind"] if records else ""
    if kind and kind not in _LAST:
        reraise(records[0])
    if unheard == -signal.SIGKILL:
        raise Failure("a training process was killed, most often because memory ran out")
    silent = peers.silent() if peers and kind != STOPPED else []
    if peers and (silent or kind == PEER):
        # NCCL ends a process that waits in vain by a signal, and nothing is left to tell of it.
        raise peers.lost(silent, records)
    if kind == PEER:
        reraise(records[0])
    if kind == STOPPED:
        raise SystemExit(records[0]["exit_code"])
    raise Failure(f"a training process ended with exit code {unheard}")
