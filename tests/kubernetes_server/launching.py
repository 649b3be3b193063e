"""The step as a pod runs it: in a process of its own, which a test may kill at any moment."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from components.kube import Pace
from components.train_job import manifest

FAST = Pace(poll=0.02, beat=0.1, first=0.02, slowest=0.1, patience=5.0, parting=0.3, going=5.0)
RUN, KEY = "run-7", "training"
NAME = manifest.name(RUN, KEY)
JOB = {
    "apiVersion": "trainer.kubeflow.org/v1alpha1",
    "kind": "TrainJob",
    "metadata": {"labels": {"kueue.x-k8s.io/queue-name": "gpus"}},
    "spec": {
        "runtimeRef": {"name": "torch-distributed"},
        "activeDeadlineSeconds": 3600,
        "trainer": {"image": "example.com/finetune:1", "numNodes": 2, "env": []},
    },
}
CONFIG = {"seed": 3, "fingerprints": {"train": "sha256:1"}}
# Processes come from one that has imported all, in 10 ms each instead of a second.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["components.train_job.step", "tests.kubernetes_server.launching"])


@dataclass
class Pod:
    """A launcher's pod.

    Attributes:
        output: where its model goes.
        said: what it has written.
    """

    environment: Mapping[str, str]
    folder: Path
    backbone: Path
    given: Mapping[str, Any] = field(default_factory=dict)
    process: BaseProcess | None = None
    _one: threading.Lock = field(default_factory=threading.Lock)

    @property
    def output(self) -> Path:
        """The folder of its model."""
        return self.folder / "model"

    @property
    def said(self) -> str:
        """What it has written."""
        return (self.folder / "log").read_text()

    def start(self) -> "Pod":
        """Starts it."""
        self.folder.mkdir(parents=True)
        given = {"key": KEY, "queue_timeout": 60, "pace": FAST, **self.given}
        arguments = (dict(self.environment), self.folder, self.backbone, given)
        self.process = CONTEXT.Process(target=_launch, args=arguments, daemon=True)
        self.process.start()
        return self

    def send(self, number: int) -> None:
        """Sends a signal."""
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """As a node that goes down does."""
        self.send(signal.SIGKILL)

    def code(self) -> int:
        """The exit code, at its end."""
        with self._one:  # of two threads that wait, the second would get another code
            self.process.join(30)
            return self.process.exitcode


def _launch(
    environment: dict[str, str], folder: Path, backbone: Path, given: dict[str, Any]
) -> None:
    os.environ.update(environment)
    log = os.open(folder / "log", os.O_CREAT | os.O_WRONLY)
    os.dup2(log, 2)
    from components import console, recording
    from components.train_job.step import run

    console.log_plainly()
    with console.told(), recording.recorded(folder / "model", "finetune"):
        run("s3://data/emg", folder / "model", CONFIG, JOB, backbone=backbone, **given)
