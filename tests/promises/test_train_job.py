"""What real nodes refuse reaches the user through a TrainJob; the cluster alone is none.

That real nodes train, and what comes of it, is `test_two_hosts.py`'s.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from components import parameters
from components.config import compose, for_step
from components.kube import Pace
from components.report_failures.step import run as report_failures
from components.train_job.component import component
from pipeline.placement import Profile, launched
from tests.kubernetes_server.launching import RUN

HOME = Path(__file__).parents[2]
PROFILE = yaml.safe_load((HOME / "docs" / "profiles" / "cpu.yaml").read_text())
PROFILE |= {"nodes": 2, "runs": "s3://bucket/runs"}
# As Trainer's plugin for PyTorch, but that its runtime is of another size than was asked for.
GIVEN = {"PET_NNODES": "3", "PET_NPROC_PER_NODE": "1", "PET_MASTER_ADDR": "127.0.0.1"}


def node_of(trainer, number, pod):
    """A node as its pod runs it, by what stands in the TrainJob and nothing else."""
    command = [*trainer["command"], *trainer["args"]]
    command = [sys.executable, *command[command.index("python3") + 1 :]]  # tini is the image's
    given = {each["name"]: each["value"] for each in trainer["env"] if "value" in each}
    own = {"PET_NODE_RANK": str(number), "PET_MASTER_PORT": "29400", "BIOTUNE_POD": pod}
    python = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HOME)}
    env = python | given | GIVEN | own
    return subprocess.Popen(command, env=env, cwd="/", stderr=subprocess.DEVNULL)


def train(cluster, job):
    """Lets the nodes of a job run to their end, as a kubelet does."""
    name, trainer = job["metadata"]["name"], job["spec"]["trainer"]
    cluster.run(name)
    pods = [cluster.node(name, number) for number in range(trainer["numNodes"])]
    nodes = [node_of(trainer, number, pod) for number, pod in enumerate(pods)]
    for number, node in enumerate(nodes):
        cluster.end(name, number, node.wait())
    cluster.give_up(name)


def test_what_the_nodes_refuse_ends_the_task_as_it_would_on_one_node(
    kubernetes_server, tmp_path, monkeypatch, capfd
):
    runs = str(tmp_path / "runs")
    monkeypatch.setenv("BIOTUNE_RUNS", runs)
    monkeypatch.setenv("BIOTUNE_RUN", RUN)
    monkeypatch.setenv("BIOTUNE_POD", kubernetes_server.launcher_pod("launcher"))
    monkeypatch.setattr("components.train_job.step.Pace", lambda: Pace(poll=0.1, beat=1.0))
    kubernetes_server.state.made = lambda job: threading.Thread(
        target=train, args=(kubernetes_server, job)
    ).start()

    profile = Profile.model_validate(PROFILE)
    inputs = launched.inputs(profile, "finetune", "example.com/finetune:1")
    config = for_step("finetune", compose(["experiment=demo", "from_scratch=true"]))
    artifacts = [type("Artifact", (), {"path": str(tmp_path / name)})() for name in ("none", "out")]
    with pytest.raises(SystemExit) as ended:
        component("image").python_func(
            "data", parameters.pack(config), **inputs, backbone=artifacts[0], model=artifacts[1]
        )

    told = "PET_NNODES=3: the training was asked of 2 nodes"
    assert ended.value.code == 2
    assert f"error: {told}" in capfd.readouterr().err.splitlines()
    assert kubernetes_server.state.jobs == {}
    [attempt] = report_failures(runs, RUN, tmp_path / "report").attempts
    assert (attempt.step, attempt.pod, attempt.message) == ("finetune", "launcher", told)
