"""Two processes that train one thing after another: `-m tests.divided FILE`, as torch starts it.

The file lists what `components.finetune.training.Request` takes, once for each training.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from components.failures import Failure
from components.finetune import group
from components.finetune.preemption import Preemption
from components.finetune.training import Request, train

STOP = "BIOTUNE_TEST_STOP"
STOPS = "+callbacks.stop._target_=tests.divided.Stop"
NOTE = "+callbacks.note._target_=tests.divided.Note"


class Note(Callback):
    """Leaves `note-<rank>.json`: each parameter's rates, and how many numbers are kept here."""

    def setup(self, trainer: lightning.Trainer, *_: object, **__: object) -> None:
        """Where to leave it."""
        self.file = Path(trainer.default_root_dir) / f"note-{trainer.global_rank}.json"

    def on_train_batch_end(self, trainer: lightning.Trainer, tuner, *_: object) -> None:
        """After the first step, when the optimizer has its moments."""
        if self.file.exists():
            return
        (optimizer,) = trainer.optimizers
        names = {parameter: name for name, parameter in tuner.network.encoder.named_parameters()}
        rates = {
            names[parameter]: [group["lr"], group["weight_decay"]]
            for group in optimizer.param_groups
            for parameter in group["params"]
        }
        moments = [state["exp_avg"] for state in optimizer.state.values() if "exp_avg" in state]
        held = {"parameters": list(names), "moments": moments}
        here = {what: sum(_here(t) for t in tensors) for what, tensors in held.items()}
        told = {"rates": rates, "groups": len(optimizer.param_groups), "here": here}
        self.file.write_text(json.dumps(told))


class Stop(Callback):
    """Sends SIGTERM to what started the processes, in the midst of the first validation.

    All wait until they have heard of it, so that it is there that they are told to stop.
    """

    def on_validation_batch_end(self, trainer: lightning.Trainer, *args: object) -> None:
        """Only where a test says so, so that others have the same settings."""
        if not os.environ.get(STOP) or trainer.sanity_checking or args[3] != 1:
            return
        if trainer.is_global_zero:
            os.kill(os.getppid(), signal.SIGTERM)
        (keeper,) = (c for c in trainer.callbacks if isinstance(c, Preemption))
        until = time.monotonic() + 60
        while not keeper._told and time.monotonic() < until:
            time.sleep(0.01)
        keeper._next = 0  # all ask the first one at once, and not only now and then


def _here(tensor: torch.Tensor) -> int:
    return getattr(tensor, "_local_tensor", tensor).numel()


def in_two_processes(requests: list[dict], scratch: Path) -> None:
    """Trains all; the processes' own start is paid for once."""
    file = scratch / "requests.json"
    file.write_text(json.dumps(requests))
    settings = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=2,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        run_id="divided",
        max_restarts=0,
    )
    elastic_launch(settings, sys.executable)("-m", "tests.divided", str(file))


def main() -> None:
    """Trains; what a training is refused with is left as `failure.txt` in its folder."""
    requests = json.loads(Path(sys.argv[1]).read_text())
    with group.joined(requests[0]["config"]):
        for request in requests:
            try:
                train(Request(**request))
            except Failure as failure:
                (Path(request["folder"]) / "failure.txt").write_text(str(failure))


if __name__ == "__main__":
    main()
