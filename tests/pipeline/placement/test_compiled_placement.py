"""What a profile becomes in the package, as KFP's own compiler writes it."""

from pathlib import Path

import kubernetes_validate

from pipeline import placement
from tests.pipeline.placement.nested import CHANNEL, finetune

PROFILES = Path(__file__).parents[3] / "docs" / "profiles"
EVERYTHING = placement.load(PROFILES / "everything.yaml")


def test_what_each_key_becomes(compiled):
    container, platform = finetune(compiled(EVERYTHING))
    cpu = "{{$.inputs.parameters['pipelinechannel--finetune_cpu']}}"
    memory = "{{$.inputs.parameters['pipelinechannel--finetune_memory']}}"
    assert container["resources"] == {
        "resourceCpuLimit": cpu,
        "resourceCpuRequest": cpu,
        "resourceMemoryLimit": memory,
        "resourceMemoryRequest": memory,
        "accelerator": {
            "resourceType": "{{$.inputs.parameters['pipelinechannel--gpu_resource']}}",
            "resourceCount": "{{$.inputs.parameters['pipelinechannel--gpu_count']}}",
        },
    }
    assert {e["name"]: e["value"] for e in container["env"]} == {
        "OMP_NUM_THREADS": "8",
        "BIOTUNE_RUNS": "s3://bucket/biotune/runs",
        "AWS_ENDPOINT_URL": "https://s3.example.com",
        "AWS_REGION": "us-east-1",
    }

    def given(name):
        return {"componentInputParameter": f"{CHANNEL}{name}"}

    assert platform == {
        "activeDeadlineSeconds": "86400",
        "emptyDirMounts": [
            {
                "volumeName": "biotune-shm",
                "mountPath": "/dev/shm",
                "medium": "Memory",
                "sizeLimit": "16Gi",
            },
            {"volumeName": "biotune-tmp", "mountPath": "/tmp", "sizeLimit": "50Gi"},
        ],
        "fieldPathAsEnv": [
            {"name": "BIOTUNE_RUN", "fieldPath": "metadata.labels['pipeline/runid']"},
            {"name": "BIOTUNE_POD", "fieldPath": "metadata.name"},
        ],
        "imagePullPolicy": "IfNotPresent",
        "imagePullSecret": [{"secretNameParameter": given("pull_secret")}],
        "nodeAffinity": [{"nodeAffinityJson": given("finetune_node_affinity")}],
        "nodeSelector": {"nodeSelectorJson": given("finetune_node_selector")},
        "podMetadata": {"labels": {"kueue.x-k8s.io/queue-name": "biotune"}},
        "pvcMount": [
            {"mountPath": path, "pvcNameParameter": given(name), **given(name)}
            for name, path in (("data_claim", "/data"), ("cache_claim", "/cache"))
        ],
        "secretAsEnv": [
            {
                "keyToEnv": [
                    {"secretKey": "id", "envVar": "AWS_ACCESS_KEY_ID"},
                    {"secretKey": "secret", "envVar": "AWS_SECRET_ACCESS_KEY"},
                    {"secretKey": "token", "envVar": "AWS_SESSION_TOKEN"},
                ],
                "optional": False,
                "secretNameParameter": given("s3_secret"),
            },
            {
                "keyToEnv": [{"secretKey": "token", "envVar": "MLFLOW_TRACKING_TOKEN"}],
                "optional": False,
                "secretNameParameter": given("secret_mlflow_tracking_token"),
            },
        ],
        "securityContext": {"runAsUser": "1000", "runAsGroup": "1000", "runAsNonRoot": True},
        "tolerations": [{"tolerationJson": given("finetune_tolerations")}],
    }


def test_no_gpu_leaves_no_accelerator(compiled):
    container, _ = finetune(compiled(placement.load(PROFILES / "cpu.yaml")))
    assert "accelerator" not in container["resources"]


def test_nothing_said_leaves_a_gpu_and_the_runs_identity_alone(compiled):
    container, platform = finetune(compiled("{}"))
    assert list(container["resources"]) == ["accelerator"]
    assert "env" not in container
    assert list(platform) == ["fieldPathAsEnv"]


def test_retries_wait_as_told(compiled):
    spec, _ = compiled(EVERYTHING)
    (step,) = spec["components"]["comp-for-loop-3"]["dag"]["tasks"].values()
    assert step["retryPolicy"] == {
        "maxRetryCount": 2,
        "backoffDuration": "30s",
        "backoffFactor": 2.0,
        "backoffMaxDuration": "172800s",
    }


def test_kubernetes_takes_what_is_handed_to_it_as_it_is():
    # KFP passes these on at run time, unread.
    values = {p.name: p.default for p in placement.parameters(EVERYTHING)}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "finetune"},
        "spec": {
            "containers": [{"name": "main", "image": "x"}],
            "nodeSelector": values["finetune_node_selector"],
            "tolerations": values["finetune_tolerations"],
            "affinity": {"nodeAffinity": values["finetune_node_affinity"]},
        },
    }
    kubernetes_validate.validate(pod, "1.31", strict=True)
