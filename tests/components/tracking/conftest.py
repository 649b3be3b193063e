"""A real MLflow server, and a training small enough to be followed."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec

import pytest

from components import config as configuration
from components.finetune.step import run
from components.tracking import following
from tests.made import make_dataset

SMALL = (
    *("experiment=demo", "classification_type=mcc", "num_classes=2", "model.depth=1"),
    *("trainer.max_epochs=2", "trainer.accelerator=cpu", "data.batch_size=16"),
    *("from_scratch=true", "data.allow_signal_mismatch=true", "evaluation.bootstrap=20"),
)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The URI of a running server, with a database and a folder of artifacts of its own."""
    if find_spec("mlflow") is None or find_spec("sqlalchemy") is None:
        pytest.skip("the package mlflow, with its server, is not installed")
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-m", "mlflow", "server", "--workers", "1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=os.environ | quiet,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(uri, process, log):
    until = time.monotonic() + 90
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(uri, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"MLflow's server did not start: {log.read_text()[-2000:]}")


@pytest.fixture
def client(server, monkeypatch):
    """A client of the server, not the one of the code under test."""
    monkeypatch.setattr(following, "_warned", set())
    from mlflow import MlflowClient

    return MlflowClient(server)


@pytest.fixture
def slices():
    """Makes a step's slice of the small training's configuration."""

    def make(step, *overrides):
        return configuration.for_step(step, configuration.compose([*SMALL, *overrides]))

    return make


@pytest.fixture
def train(tmp_path, slices, monkeypatch):
    """Tunes a model; gives its folder."""
    monkeypatch.setattr(following, "_warned", set())
    data = make_dataset(tmp_path / "data", channels=8, samples=200)

    def tune(name, *overrides):
        run(str(data), tmp_path / name, slices("finetune", *overrides))
        return tmp_path / name

    return tune
