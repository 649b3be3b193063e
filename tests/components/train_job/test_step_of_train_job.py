"""A training on several nodes, against a stand-in for the cluster that is as strict as its CRD."""

import logging

import pytest

from components import handover
from components.kube import Pace
from components.train_job import manifest
from components.train_job.step import run
from tests.kubernetes_server.cluster import MODEL

FAST = Pace(poll=0.02, beat=0.1, first=0.02, slowest=0.1, patience=5.0, going=5.0)
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


@pytest.fixture
def cluster(kubernetes_server, tmp_path, monkeypatch, caplog):
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

    def launched(queue_timeout=60, pace=FAST):
        output = tmp_path / f"model-{next(tries)}"
        given = {"key": KEY, "queue_timeout": queue_timeout, "backbone": backbone, "pace": pace}
        return run("s3://data/emg", output, CONFIG, JOB, **given).folder

    return launched


def contents(folder):
    files = (f for f in folder.rglob("*") if f.is_file())
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files}


def test_a_training_goes_well(cluster, launch, place, caplog, tmp_path):
    cluster.script = [
        (0.05, "suspend", {"message": "no quota yet"}),
        (0.1, "place", {"problem": "0/3 nodes are available: Insufficient nvidia.com/gpu"}),
        (0.1, "run", {"lines": ["epoch 1 of 2", "{'a': 'line like JSON'}"]}),
        (0.1, "say", {}),
        (0.0, "succeed", {}),
    ]
    assert contents(launch()) == MODEL
    told = [record.message for record in caplog.records]
    expected = [
        f"{NAME}: asks for 2 nodes",
        f"{NAME}: waits in the queue for 2 nodes: no quota yet",
        f"{NAME}: waits for its nodes, 0 of 2 run: 0/3 nodes are available: Insufficient "
        "nvidia.com/gpu",
        f"{NAME}: at work on 2 nodes",
        "epoch 1 of 2",
        "{'a': 'line like JSON'}",
        f"{NAME}: done: all jobs completed successfully",
    ]
    assert [line for line in told if line in expected] == expected
    assert cluster.state.jobs == {} and place.delivered()
