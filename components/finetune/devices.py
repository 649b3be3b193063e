"""How many processes a fine-tuning takes, and their start.

Lightning would start `__main__` again for each further device, which inside a pipeline is KFP's
executor. So the step starts a worker module of its own, as `torch.distributed.run` would.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import torch
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from components.failures import FAILURE, STOPPED, Failure, InputError, reraise
from components.finetune.training import Request


def processes(trainer: Mapping[str, Any]) -> int:
    """The number of devices that `trainer.devices` means on this machine.

    Raises:
        InputError: more devices than there are, or more than one node.
    """
    if trainer["num_nodes"] != 1:
        raise InputError(
            f"trainer.num_nodes={trainer['num_nodes']}: a fine-tuning runs on one node"
        )
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


def launch(request: Request, count: int) -> None:
    """Trains in `count` processes on this machine; the first that fails speaks for all."""
    with TemporaryDirectory(prefix="biotune-launch-") as scratch:
        file = Path(scratch) / "request.json"
        file.write_text(json.dumps(asdict(request)))
        settings = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=count,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            run_id=uuid4().hex,
            max_restarts=0,
        )
        worker = ("-m", "components.finetune.worker", str(file))
        try:
            elastic_launch(settings, sys.executable)(*worker)
        except SignalException as stopped:  # which the processes were told, and waited for
            raise SystemExit(128 + stopped.sigval) from None
        except ChildFailedError as error:
            records = [
                json.loads(file.read_text()) for file in sorted(Path(scratch).rglob(FAILURE))
            ]
            # The others are stopped when one has failed; what that one says is the reason.
            for record in sorted(records, key=lambda record: record["kind"] == STOPPED):
                reraise(record)
            _, first = error.get_first_failure()
            raise Failure(f"a training process ended with exit code {first.exitcode}") from None
