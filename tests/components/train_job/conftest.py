"""A cluster, and the step in it."""

import logging
import os

import pytest

from components import handover
from components.train_job.step import run
from tests.kubernetes_server.launching import CONFIG, FAST, JOB, KEY, RUN, Pod


@pytest.fixture
def cluster(kubernetes_server, tmp_path, monkeypatch, caplog):
    """An empty cluster, and the environment of a launcher's pod in it."""
    monkeypatch.setenv("BIOTUNE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("BIOTUNE_RUN", RUN)
    monkeypatch.setenv("BIOTUNE_POD", kubernetes_server.launcher_pod("launcher-1"))
    caplog.set_level(logging.INFO, "biotune")
    return kubernetes_server


@pytest.fixture
def backbone(tmp_path):
    folder = tmp_path / "backbone"
    folder.mkdir()
    (folder / "backbone.safetensors").write_bytes(b"pretrained")
    return folder


@pytest.fixture
def place(cluster):
    return handover.of_training(KEY)


@pytest.fixture
def launch(cluster, tmp_path, backbone):
    """Runs the step in this process; gives the folder of the model."""
    tries = iter(range(100))

    def launched(queue_timeout=60, pace=FAST, job=JOB):
        output = tmp_path / f"try-{next(tries)}" / "model"
        given = {"key": KEY, "queue_timeout": queue_timeout, "backbone": backbone, "pace": pace}
        return run("s3://data/emg", output, CONFIG, job, **given).folder

    return launched


@pytest.fixture
def pod(cluster, tmp_path, backbone):
    """Starts the step in a pod of its own, another one at each call."""
    started = []

    def begun(**given):
        number = len(started)
        named = {"BIOTUNE_POD": cluster.launcher_pod(f"launcher-{number}")}
        environment = {**os.environ, **named}
        started.append(Pod(environment, tmp_path / f"pod-{number}", backbone, given).start())
        return started[-1]

    yield begun
    for each in started:
        if each.process.is_alive():
            each.kill()
        each.process.join()


@pytest.fixture
def contents():
    """The files of a folder."""

    def of(folder):
        files = (file for file in folder.rglob("*") if file.is_file())
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}

    return of
