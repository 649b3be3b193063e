"""The TrainJob of every profile, held strictly against Kubeflow Trainer's own CRD."""

from copy import deepcopy

import pytest
from torch.distributed.launcher.api import LaunchConfig

from components.kube.workflows import Workflow
from components.train_job import manifest
from pipeline import placement
from pipeline.placement import train_job
from tests.crds import errors
from tests.pipeline.placement.broken_jobs import BROKEN
from tests.pipeline.placement.profiles import EVERYTHING, PROFILES, on_nodes


def made(profile):
    """The TrainJob as it is sent: the task that follows it has filled in what it knows."""
    job = train_job.manifest(profile, placement.images(profile)["finetune"])
    run, place = "7e8f", f"{profile.runs}/7e8f/finetune/seed-3"
    return manifest.completed(job, run, "seed-3", place, Workflow("biotune-x2x", "4f1c"))


def pod_of(job):
    (patch,) = job["spec"]["runtimePatches"]
    (replicated,) = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    return replicated["template"]["spec"]["template"]


@pytest.mark.parametrize("name", PROFILES)
def test_trainer_takes_the_job_of_every_profile(name):
    profile, job = PROFILES[name], made(PROFILES[name])
    assert errors(job) == []
    trainer, spec = job["spec"]["trainer"], pod_of(job)["spec"]
    assert trainer["numNodes"] == 3
    assert trainer["numProcPerNode"] == (profile.gpu.count or 1)
    # Trainer takes one process a node where requests or limits are missing.
    resources = trainer.get("resourcesPerNode")
    assert resources is None or resources["requests"] == resources["limits"] != {}
    mounts = spec["containers"][0]["volumeMounts"]
    assert [mount["name"] for mount in mounts] == [volume["name"] for volume in spec["volumes"]]
    assert "/tmp" in [mount["mountPath"] for mount in mounts]


def test_what_each_key_becomes():
    job = made(EVERYTHING)
    assert job["metadata"]["labels"] == {
        "biotune.io/task": "finetune",
        "biotune.io/run": "7e8f",
        "biotune.io/key": "seed-3",
        "kueue.x-k8s.io/queue-name": "biotune",
    }
    assert job["spec"]["activeDeadlineSeconds"] == 86400
    assert job["spec"]["runtimeRef"] == {
        "apiGroup": "trainer.kubeflow.org",
        "kind": "ClusterTrainingRuntime",
        "name": "torch-distributed",
    }
    asked = {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "2"}
    assert job["spec"]["trainer"] | {"args": None, "env": None} == {
        "image": "registry.example.com/me/tuner:3",
        "command": ["tini", "-g", "--", "python3", "-m", "components.finetune.node"],
        "numNodes": 3,
        "numProcPerNode": 2,
        "resourcesPerNode": {"requests": asked, "limits": asked},
        "args": None,
        "env": None,
    }


def test_its_environment_has_secrets_by_name_alone():
    def secret(name, key):
        return {"secretKeyRef": {"name": name, "key": key}}

    env = made(EVERYTHING)["spec"]["trainer"]["env"]
    assert {e["name"]: e.get("value", e.get("valueFrom")) for e in env} == {
        "OMP_NUM_THREADS": "8",
        "BIOTUNE_RUNS": "s3://bucket/biotune/runs",
        "BIOTUNE_RUN": "7e8f",
        "BIOTUNE_POD": {"fieldRef": {"fieldPath": "metadata.name"}},
        "BIOTUNE_ATTEMPT": {
            "fieldRef": {"fieldPath": "metadata.labels['jobset.sigs.k8s.io/restart-attempt']"}
        },
        "BIOTUNE_SILENCE": "900",
        "TORCH_ELASTIC_SHUTDOWN_TIMEOUT": "100",
        "AWS_ENDPOINT_URL": "https://s3.example.com",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": secret("biotune-s3", "id"),
        "AWS_SECRET_ACCESS_KEY": secret("biotune-s3", "secret"),
        "AWS_SESSION_TOKEN": secret("biotune-s3", "token"),
        "MLFLOW_TRACKING_TOKEN": secret("mlflow", "token"),
    }


def test_a_variable_may_be_empty():
    env = made(on_nodes({"env": {"NCCL_DEBUG": ""}}))["spec"]["trainer"]["env"]
    assert {"name": "NCCL_DEBUG", "value": ""} in env


def test_without_a_queue_the_time_for_its_nodes_is_a_part_of_the_deadline():
    """Trainer counts from Kueue's admission, or else from when the job was made."""
    said = {"steps": {"finetune": {"timeout": "2h"}}, "train_job": {"queue_timeout": "3d"}}
    found = [
        made(on_nodes({**said, **queue}))["spec"]["activeDeadlineSeconds"]
        for queue in ({}, {"kueue": {"queue": "gpus"}})
    ]
    assert found == [3 * 86400 + 7200, 7200]
    assert "activeDeadlineSeconds" not in made(on_nodes({}))["spec"]


def test_its_processes_have_the_time_that_the_pod_has(monkeypatch):
    """torch's agent kills them by itself, and before the kubelet kills the agent."""
    job = made(on_nodes({}))
    given = {entry["name"]: entry.get("value") for entry in job["spec"]["trainer"]["env"]}
    name = "TORCH_ELASTIC_SHUTDOWN_TIMEOUT"
    monkeypatch.setenv(name, given[name])
    waits = LaunchConfig(min_nodes=1, max_nodes=1, nproc_per_node=1).shutdown_timeout
    assert 60 < waits < pod_of(job)["spec"]["terminationGracePeriodSeconds"]
    env = made(on_nodes({"env": {name: "9"}}))["spec"]["trainer"]["env"]
    assert [entry["value"] for entry in env if entry["name"] == name] == ["9"]


def test_its_pods_are_placed_and_locked_up():
    pod = pod_of(made(EVERYTHING))
    assert pod["metadata"]["labels"]["biotune.io/task"] == "finetune"
    said = EVERYTHING.steps.finetune
    nodes = said.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution
    affinity = pod["spec"].pop("affinity")["nodeAffinity"]
    assert affinity["requiredDuringSchedulingIgnoredDuringExecution"] == nodes.model_dump(
        exclude_unset=True
    )
    assert pod["spec"] == {
        "serviceAccountName": "biotune-runner",
        "imagePullSecrets": [{"name": "registry-credentials"}],
        "nodeSelector": {"example.com/pool": "gpu"},
        "tolerations": [
            {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
            {
                "key": "spot",
                "operator": "Equal",
                "value": "true",
                "effect": "NoExecute",
                "tolerationSeconds": 60,
            },
        ],
        "securityContext": {
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": 120,
        "volumes": [
            {"name": "biotune-data", "persistentVolumeClaim": {"claimName": "biotune-data"}},
            {"name": "biotune-cache", "persistentVolumeClaim": {"claimName": "biotune-cache"}},
            {"name": "biotune-shm", "emptyDir": {"medium": "Memory", "sizeLimit": "16Gi"}},
            {"name": "biotune-tmp", "emptyDir": {"sizeLimit": "50Gi"}},
        ],
        "containers": [
            {
                "name": "node",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
                "volumeMounts": [
                    {"name": "biotune-data", "mountPath": "/data"},
                    {"name": "biotune-cache", "mountPath": "/cache"},
                    {"name": "biotune-shm", "mountPath": "/dev/shm"},
                    {"name": "biotune-tmp", "mountPath": "/tmp"},
                ],
            }
        ],
    }


def test_on_cpus_it_is_one_process_a_node_and_no_gpu():
    job = made(on_nodes({"gpu": {"count": 0}, "steps": {"finetune": {"cpu": 4}}}))
    assert job["spec"]["trainer"]["numProcPerNode"] == 1
    assert job["spec"]["trainer"]["resourcesPerNode"]["limits"] == {"cpu": "4"}


@pytest.mark.parametrize("where, value", BROKEN.values(), ids=BROKEN)
def test_a_slip_would_be_caught(where, value):
    job = deepcopy(made(EVERYTHING))
    at = job
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = value
    assert errors(job)
