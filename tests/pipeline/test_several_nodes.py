"""The pipeline of a profile with `nodes`: finetune starts a TrainJob there, and trains nothing."""

import json

import pytest
import yaml

from components import parameters
from pipeline import placement
from pipeline.placement import train_job
from tests.crds import errors
from tests.pipeline.packages import compiled
from tests.pipeline.test_dag import edges

PROFILE = """
images: {registry: registry.example.com/biotune, tag: "7"}
gpu: {count: 8}
nodes: 4
train_job: {queue_timeout: 2d}
steps:
  all: {cpu: 2, memory: 4Gi, node_selector: {pool: cpu}}
  finetune:
    cpu: 64
    memory: 512Gi
    shm: 64Gi
    timeout: 24h
    node_selector: {pool: gpu}
    retries: {count: 3, limit: 3d}
kueue: {queue: gpus}
runs: s3://bucket/runs
"""


@pytest.fixture
def several(tmp_path, monkeypatch):
    return compiled(tmp_path, monkeypatch, PROFILE)


def steps_of(spec):
    """The tasks within the exit handler."""
    return spec["components"]["comp-exit-handler-1"]["dag"]


def test_finetune_is_a_small_task_of_the_same_name(several):
    spec, platform = several
    executor = spec["deploymentSpec"]["executors"]["exec-finetune"]["container"]
    assert executor["image"] == "registry.example.com/biotune/biotune-load-checkpoint:7"
    assert executor["resources"] == {
        "cpuLimit": 1.0,
        "cpuRequest": 1.0,
        "memoryLimit": 1.073741824,
        "memoryRequest": 1.073741824,
        "resourceCpuLimit": "1",
        "resourceCpuRequest": "1",
        "resourceMemoryLimit": "1Gi",
        "resourceMemoryRequest": "1Gi",
    }
    placed = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    ours, others = placed["exec-finetune"], placed["exec-evaluate"]
    assert others["podMetadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "gpus"}
    # In that queue it would stand in the way of what it waits for.
    assert "podMetadata" not in ours and "emptyDirMounts" not in ours
    assert ours["nodeSelector"]["nodeSelectorJson"] == {
        "componentInputParameter": "pipelinechannel--node_selector"  # that of all
    }
    assert "gpu" not in json.dumps(ours)
    assert ours["activeDeadlineSeconds"] == str((2 * 24 + 24 + 1) * 3600)
    retries = steps_of(spec)["tasks"]["finetune"]["retryPolicy"]
    assert (retries["maxRetryCount"], retries["backoffMaxDuration"]) == (3, f"{5 * 86400}s")


def test_it_is_given_the_whole_job_and_hands_on_what_finetune_does(several, tmp_path):
    found = edges(steps_of(several[0]))
    assert found["evaluate"]["model"] == "finetune.model"
    given = found["finetune"]
    assert given["queue_timeout"] == 2 * 86400
    assert {key: given[key] for key in ("dataset_uri", "config", "backbone")} == {
        "dataset_uri": "dataset_uri",
        "config": "preflight.finetune",
        "backbone": "load-checkpoint.backbone",
    }
    job = parameters.unpack(given["job"])
    profile = placement.load(tmp_path / "cluster.yaml")
    assert job == train_job.manifest(profile, "registry.example.com/biotune/biotune-finetune:7")
    assert errors({**job, "metadata": {**job["metadata"], "name": "biotune-1"}}) == []
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "gpus"


def test_each_seed_has_a_job_of_its_own(tmp_path, monkeypatch):
    spec, _ = compiled(tmp_path, monkeypatch, PROFILE, seeds=(0, 5))
    found = edges(steps_of(spec))
    assert [found[task]["seed"] for task in ("finetune", "finetune-2")] == [0.0, 5.0]
    assert found["finetune"]["job"] == found["finetune-2"]["job"]


def test_other_tasks_are_told_what_they_must_know_of_it(several, everything):
    def told(spec):
        return {
            (name, entry["name"]): entry["value"]
            for name, executor in spec["deploymentSpec"]["executors"].items()
            for entry in executor["container"].get("env", ())
            if not entry["name"].startswith("AWS_")
        }

    ours = {key: value for key, value in told(several[0]).items() if key[1] != "BIOTUNE_RUNS"}
    assert ours == {
        ("exec-preflight", "BIOTUNE_PROCESSES"): "32",
        ("exec-report-failures", "BIOTUNE_TRAIN_JOBS"): "true",
    }
    assert {name for _, name in told(everything[0])} == {"BIOTUNE_RUNS"}


def test_what_a_job_holds_is_no_parameter(several):
    taken = several[0]["root"]["inputDefinitions"]["parameters"]
    assert {name for name, said in taken.items() if said.get("isOptional")} == {
        "manifest", "cpu", "memory", "node_selector",
    }  # fmt: skip


def test_one_node_is_what_it_was(tmp_path, monkeypatch):
    """Neither the key nor the section changes a byte of a package on one node."""
    content = yaml.safe_load(PROFILE)
    for key in ("nodes", "train_job"):
        del content[key]
    plain = compiled(tmp_path, monkeypatch, yaml.safe_dump(content))
    said = {**content, "nodes": 1, "train_job": {"silence": "5m"}}
    assert compiled(tmp_path, monkeypatch, yaml.safe_dump(said)) == plain
    assert "train" not in json.dumps(plain[1])
    finetune = plain[0]["deploymentSpec"]["executors"]["exec-finetune"]["container"]
    assert finetune["image"] == "registry.example.com/biotune/biotune-finetune:7"
    assert "accelerator" in finetune["resources"]
