"""Two hosts train as one process does on the same batches, also when one is cut off meanwhile."""

import csv
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from components import handover
from components.config import compose, for_step, shipped_manifest
from components.finetune.step import run
from components.load_checkpoint.step import run as load_checkpoint
from components.resume.place import LATEST
from pipeline.placement import Profile, train_job
from tests.promises.hosts import two_hosts

HOME = Path(__file__).parents[2]
DEMO = HOME / "pipeline" / "demo"
PROFILE = yaml.safe_load((HOME / "docs" / "profiles" / "cpu.yaml").read_text())
JOB, PORT = "tuning", "29400"
EPOCHS = 3
# What is drawn at random is drawn by each process for itself: nothing is, so that they are alike.
OVERRIDES = ("experiment=demo", "model.dropout=0", f"trainer.max_epochs={EPOCHS}")
OVERRIDES = (*OVERRIDES, "trainer.accelerator=cpu", "resume.every=0s", "peer_timeout=10s")


def slice_of(*overrides):
    return json.loads(json.dumps(for_step("finetune", compose([*OVERRIDES, *overrides]))))


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    composed = compose(["experiment=demo"])
    piece = for_step("load_checkpoint", composed) | {"manifest": shipped_manifest(composed)}
    folder = tmp_path_factory.mktemp("made") / "backbone"
    load_checkpoint(str(DEMO / "pretrained.ckpt"), folder, piece)
    return folder


@pytest.fixture(scope="module")
def alone(backbone, tmp_path_factory):
    """What one process makes of the demo."""
    folder = tmp_path_factory.mktemp("alone") / "model"
    run(str(DEMO), folder, slice_of("data.batch_size=64"), backbone=backbone)
    return folder


@pytest.fixture
def place(backbone, tmp_path, monkeypatch):
    """Where the launcher asks for the same of two nodes."""
    monkeypatch.setenv("BIOTUNE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("BIOTUNE_RUN", "run")
    place = handover.of_training(handover.key())
    place.offer(str(DEMO), slice_of("data.batch_size=32"), backbone, 2)
    place.beat()
    return place


def started(hosts, place, logs):
    """A process on each host, by the command and in the environment that a TrainJob gives."""
    profile = Profile.model_validate({**PROFILE, "nodes": len(hosts), "runs": "s3://bucket/runs"})
    trainer = train_job.manifest(profile, "image")["spec"]["trainer"]
    command = trainer["command"][trainer["command"].index("--") + 1 :]  # tini is the image's
    assert command.pop(0) == "python3"
    given = {entry["name"]: entry["value"] for entry in trainer["env"] if "value" in entry}
    # By Trainer's plugin for PyTorch, but for the rank, which is the pod's place in its Job.
    given |= {
        "PET_NNODES": str(trainer["numNodes"]),
        "PET_NPROC_PER_NODE": str(trainer["numProcPerNode"]),
        "PET_MASTER_ADDR": f"{JOB}-node-0-0.{JOB}",
        "PET_MASTER_PORT": PORT,
        "BIOTUNE_RUNS": place.uri.partition("/run/")[0],
        "BIOTUNE_RUN": "run",
        "PYTHONPATH": str(HOME),
    }
    return [
        host.start(
            [sys.executable, *command, place.uri],
            given | {"PET_NODE_RANK": str(rank), "BIOTUNE_POD": host.name},
            logs / f"{rank}.log",
        )
        for rank, host in enumerate(hosts)
    ]


def ended(nodes, limit):
    """The exit codes, if all end within so many seconds."""
    until = time.monotonic() + limit
    return [node.wait(max(0.1, until - time.monotonic())) for node in nodes]


def told(logs):
    return "\n".join(file.read_text() for file in sorted(logs.glob("*.log")))


def assert_alike(place, alone, folder):
    place.fetch_model(folder)
    ours, theirs = (load_file(each / "model.safetensors") for each in (folder, alone))
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=0, atol=1e-5, msg=name)
    histories = [list(csv.DictReader((each / "history.csv").open())) for each in (folder, alone)]
    assert len(histories[0]) == EPOCHS
    for row, wanted in zip(*histories, strict=True):
        numbers = {key: float(value) for key, value in wanted.items()}
        assert {key: float(value) for key, value in row.items()} == pytest.approx(numbers, abs=1e-5)


def cut_off_in_the_second_epoch(place, states, logs):
    """Two hosts of which the second one is out of reach from then on; gives the exit codes."""
    with two_hosts(logs, JOB) as hosts:
        nodes = started(hosts, place, logs)
        while not any(epoch_of(file) >= 1 for file in states.glob(f"*/{LATEST}")):
            assert all(node.poll() is None for node in nodes), told(logs)
            time.sleep(0.02)
        hosts[1].cut_off()
        return ended(nodes, 60)


def epoch_of(latest):
    kept = json.loads(latest.read_text())["states"]
    return kept[0]["position"]["epoch"] if kept else -1


@pytest.mark.slow
@pytest.mark.timeout(600)  # four processes that import torch, twice, on a machine with more to do
def test_they_give_what_one_process_gives_also_where_one_is_cut_off(place, alone, tmp_path):
    codes = cut_off_in_the_second_epoch(place, tmp_path / "runs" / "run" / "resume", tmp_path)
    assert codes == [1, 1], told(tmp_path)
    assert not place.delivered()
    failure = place.first_failure()
    assert failure["kind"] == "peer" and "\n" not in failure["message"], told(tmp_path)
    lines = [line for line in told(tmp_path).splitlines() if "no answer from" in line]
    assert f"no answer from node 1 ({JOB}-node-0-1) to node 0" in lines[0]
    assert f"no answer from node 0 ({JOB}-node-0-0) to node 1" in lines[1]
    assert all("peer_timeout=10s" in line and "a new start goes on" in line for line in lines)
    with two_hosts(tmp_path, JOB) as hosts:
        codes = ended(started(hosts, place, tmp_path), 120)
    assert codes == [0, 0], told(tmp_path)
    assert re.search(r"resumed at (the validation of )?epoch [23]", told(tmp_path))
    assert_alike(place, alone, tmp_path / "model")


def test_the_hosts_are_gone_with_all_that_ran_there(tmp_path):
    with pytest.raises(KeyboardInterrupt), two_hosts(tmp_path, JOB) as hosts:
        left = hosts[0].start(["sleep", "600"], {}, tmp_path / "log")
        with pytest.raises(subprocess.TimeoutExpired):
            left.wait(0.2)
        raise KeyboardInterrupt
    assert left.wait(10)


@pytest.mark.parametrize("fault", ["no tool", "no right"])
@pytest.mark.parametrize(("required", "outcome"), [("1", pytest.fail), ("", pytest.skip)])
def test_where_hosts_are_required_none_are_skipped(fault, required, outcome, tmp_path, monkeypatch):
    def refused(*_):
        raise OSError("unshare failed: Operation not permitted")

    monkeypatch.setenv("BIOTUNE_REQUIRE_HOSTS", required)
    monkeypatch.setattr("tests.promises.hosts._host", refused)
    there = None if fault == "no tool" else "/bin/tool"
    monkeypatch.setattr(shutil, "which", lambda _: there)
    told = "not installed" if fault == "no tool" else "Operation not permitted"
    ends = (pytest.fail.Exception, pytest.skip.Exception)
    with pytest.raises(ends, match=told) as caught, two_hosts(tmp_path, JOB):
        pass
    assert caught.type is outcome.Exception
