"""Finetune on several nodes, as Kubeflow Trainer takes it: one TrainJob, made when compiling."""

from typing import Any

from pipeline.placement import environment
from pipeline.placement.nodes import Runtime
from pipeline.placement.profile import SHM, TMP, Profile
from pipeline.placement.section import Section
from pipeline.placement.values import seconds

GROUP, VERSION = "trainer.kubeflow.org", "v1alpha1"
STEP = "finetune"
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
NODE = "node"  # the runtime's replicated job, and the container in it
MANAGER = "biotune.io/placement"
_RESTARTS = "jobset.sigs.k8s.io/restart-attempt"  # JobSet's label of each pod
TASK = {"biotune.io/task": STEP}  # what a network policy knows the nodes by
# A proxy beside a node would stand between it and the others, and outlive it.
NO_SIDECAR = {"sidecar.istio.io/inject": "false"}
# It takes the place of the image's entrypoint, tini.
COMMAND = ("tini", "-g", "--", "python3", "-m", "components.finetune.node")
# Seconds for the last state and its way to S3, from SIGTERM to SIGKILL. By itself, torch's agent
# would kill the processes after 30 s; the rest of the kubelet's time is for its own end.
GRACE, _WORKERS = 120, 100


def manifest(profile: Profile, image: str) -> dict[str, Any]:
    """The TrainJob of a profile, but for what only a run knows.

    That is `metadata.name`, its owner and the run's labels, `spec.trainer.args` and the variable
    BIOTUNE_RUN: the task that follows the job fills them in.

    Args:
        profile: with `nodes` above 1.
        image: finetune's.
    """
    job: dict[str, Any] = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "TrainJob",
        "metadata": {"labels": dict(TASK)},
        "spec": {
            "runtimeRef": _runtime(profile.train_job.runtime),
            "trainer": {
                "image": image,
                "command": list(COMMAND),
                "numNodes": profile.nodes,
                "numProcPerNode": processes(profile),
                "env": _variables(profile),
            },
            "runtimePatches": [{"manager": MANAGER, "trainingRuntimeSpec": _patched(profile)}],
        },
    }
    if resources := _resources(profile):
        # Trainer forgets numProcPerNode where one of the two is missing.
        job["spec"]["trainer"]["resourcesPerNode"] = {
            "requests": resources,
            "limits": dict(resources),
        }
    if profile.kueue:
        job["metadata"]["labels"][QUEUE_LABEL] = profile.kueue.queue
    if timeout := profile.steps.value(STEP, "timeout"):
        job["spec"]["activeDeadlineSeconds"] = _deadline(profile, timeout)
    return job


def processes(profile: Profile) -> int:
    """How many processes train on each node: one a GPU, or one on its CPUs."""
    return max(1, profile.gpu.count)


def _deadline(profile: Profile, timeout: str) -> int:
    """Seconds from when Trainer counts: Kueue's admission, or else the job's creation."""
    queued = 0 if profile.kueue else seconds(profile.train_job.queue_timeout)
    return queued + seconds(timeout)


def _runtime(runtime: Runtime) -> dict[str, str]:
    return {"apiGroup": GROUP, "kind": runtime.kind, "name": runtime.name}


def _variables(profile: Profile) -> list[dict[str, Any]]:
    kept = {"TORCH_ELASTIC_SHUTDOWN_TIMEOUT": str(_WORKERS)}  # where the profile's `env` is silent
    own = {"BIOTUNE_SILENCE": str(seconds(profile.train_job.silence))}
    named = [
        {"name": name, "value": value}
        for name, value in {**kept, **environment.plain(profile), **own}.items()
    ]
    if profile.s3 and profile.s3.secret:
        keys = environment.s3_keys(profile.s3).items()
        named += [_secret(variable, profile.s3.secret, key) for key, variable in keys]
    named += [_secret(name, ref.secret, ref.key) for name, ref in profile.secrets.items()]
    fields = {"BIOTUNE_POD": "metadata.name", "BIOTUNE_ATTEMPT": f"metadata.labels['{_RESTARTS}']"}
    named += [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in fields.items()
    ]
    return named


def _secret(variable: str, name: str, key: str) -> dict[str, Any]:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def _resources(profile: Profile) -> dict[str, str]:
    asked = {key: profile.steps.value(STEP, key) for key in ("cpu", "memory")}
    if profile.gpu.count:
        asked[profile.gpu.resource] = str(profile.gpu.count)
    return {name: amount for name, amount in asked.items() if amount}


def _patched(profile: Profile) -> dict[str, Any]:
    pod = {
        "metadata": {"labels": {**TASK, **NO_SIDECAR}, "annotations": dict(NO_SIDECAR)},
        "spec": _pod(profile),
    }
    job = {"name": NODE, "template": {"spec": {"template": pod}}}
    return {"template": {"spec": {"replicatedJobs": [job]}}}


def _pod(profile: Profile) -> dict[str, Any]:
    mounted = _volumes(profile)
    pod = {
        "serviceAccountName": profile.service_account,
        "imagePullSecrets": [{"name": name} for name in profile.images.pull_secrets],
        "nodeSelector": profile.steps.value(STEP, "node_selector"),
        "tolerations": _written(profile.steps.value(STEP, "tolerations")),
        "affinity": _written(profile.steps.value(STEP, "affinity")),
        "securityContext": _user(profile),
        "volumes": [{"name": name, **volume} for name, volume, _ in mounted],
        "containers": [
            {
                "name": NODE,
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
                "volumeMounts": [{"name": name, "mountPath": path} for name, _, path in mounted],
            }
        ],
        "terminationGracePeriodSeconds": GRACE,
    }
    return {key: value for key, value in pod.items() if value}


def _volumes(profile: Profile) -> list[tuple[str, dict[str, Any], str]]:
    """Each volume by its name, what it is, and where it is mounted."""
    found = [
        (volume.claim, {"persistentVolumeClaim": {"claimName": volume.claim}}, volume.path)
        for volume in profile.volumes.values()
    ]
    if shm := profile.steps.value(STEP, "shm"):
        found.append((SHM, {"emptyDir": {"medium": "Memory", "sizeLimit": shm}}, "/dev/shm"))
    # The root file system is read-only, hence always one at /tmp.
    tmp = profile.steps.value(STEP, "tmp")
    found.append((TMP, {"emptyDir": {"sizeLimit": tmp} if tmp else {}}, "/tmp"))
    return found


def _user(profile: Profile) -> dict[str, Any]:
    who = profile.security
    said = who and {
        "runAsUser": who.user,
        "runAsGroup": who.group,
        "runAsNonRoot": who.non_root,
    }
    named = {key: value for key, value in (said or {}).items() if value is not None}
    return {**named, "seccompProfile": {"type": "RuntimeDefault"}}


def _written(said: Any) -> Any:
    """A part of the profile in Kubernetes' own form."""
    if isinstance(said, list):
        return [_written(item) for item in said]
    return said.model_dump(exclude_unset=True) if isinstance(said, Section) else said
