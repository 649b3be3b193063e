"""Why a training on several nodes failed, as one failure: the node's that failed first."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from components.failures import Failure, InputError, ServiceError, first_line
from components.handover import FOLLOWING, GAVE_UP, Handover
from components.kube import Pods, state
from components.kube.pods import Pod, node
from components.kube.state import Job

log = logging.getLogger("biotune")

DEADLINE = "DeadlineExceeded"
_SIGKILL = 137
_TOLD = 20  # lines of a node's end
_KINDS = {kind.kind: kind for kind in (Failure, InputError, ServiceError)}


def failure(place: Handover, pods: Pods, job: Job) -> Failure:
    """What to raise for a job that failed.

    The record of a node that failed by itself counts most. One whose memory ran out leaves none,
    and is known by its pod; what its end did to the others comes after that.
    """
    condition = state.condition(job, state.FAILED) or {}
    if condition.get("reason") == DEADLINE:
        limit = job["spec"].get("activeDeadlineSeconds")
        return Failure(
            f"the training has not ended within {limit} s; set steps.finetune.timeout higher in "
            "the profile; it goes on from its last state when it is tried again"
        )
    record = _record(place)
    if record and record["kind"] not in FOLLOWING:
        return _of(record)
    found = _pods(pods, job)
    if killed := _first(found, _killed):
        return Failure(killed)
    if record:
        return _of(record)
    told = _first(found, _ended) or condition.get("message") or "no reason is known"
    return Failure(f"{job['metadata']['name']} failed: {told}")


def is_deserted(place: Handover, job: Job) -> bool:
    """Whether a job failed for nothing but that its nodes had no launcher any more."""
    condition = state.condition(job, state.FAILED)
    if condition is None or condition.get("reason") == DEADLINE or place.delivered():
        return False
    return (_record(place) or {}).get("exit_code") == GAVE_UP


def _of(record: Mapping[str, Any]) -> Failure:
    number, message = record.get("node", 0), str(record["message"])
    log_ = [str(line) for part in ("log", "traceback") for line in record.get(part, ())]
    if number:  # node 0's lines have been told as they came
        log.info("node %s failed first; it said last:", number)
        for line in log_[-_TOLD:]:
            log.info("node %s | %s", number, line)
    if record["kind"] == "crash":
        message = f"finetune crashed on node {number}: {' '.join(message.split())}"
    if record["kind"] in FOLLOWING:
        message = f"node {number}: {message}"
    told = _KINDS.get(record["kind"], Failure)(message)
    told.log = log_
    return told


def _record(place: Handover) -> dict[str, Any] | None:
    try:
        return place.first_failure()
    except Failure as error:
        log.warning("what the nodes left can't be read: %s", first_line(error))
        return None


def _pods(pods: Pods, job: Job) -> list[Pod]:
    try:
        return pods.of(job["metadata"]["name"])
    except Failure as error:
        log.warning("why the nodes ended can't be told: %s", first_line(error))
        return []


def _first(pods: Sequence[Pod], told: Callable[[Pod], str]) -> str:
    """What is told of the pod that ended first, of those of which something is."""
    found = [
        (_end(pod).get("finishedAt", ""), node(pod), said) for pod in pods if (said := told(pod))
    ]
    return min(found)[2] if found else ""


def _killed(pod: Pod) -> str:
    end, status = _end(pod), pod["status"]
    name = f"node {node(pod)} (pod {pod['metadata']['name']})"
    if status.get("reason"):  # of the whole pod, as Evicted
        return f"{name}: {status['reason']}: {status.get('message', '')}"
    if end.get("reason") == "OOMKilled":
        return (
            f"{name} was killed: memory ran out (OOMKilled); set steps.finetune.memory higher in "
            "the profile, or data.num_workers or data.batch_size lower"
        )
    if end.get("exitCode") == _SIGKILL:
        return (
            f"{name} was killed by SIGKILL (exit code {_SIGKILL}), most often because memory ran "
            "out"
        )
    return ""


def _ended(pod: Pod) -> str:
    code = _end(pod).get("exitCode", 0)
    name = f"node {node(pod)} (pod {pod['metadata']['name']})"
    return f"{name} ended with exit code {code} and left no reason" if code else ""


def _end(pod: Pod) -> Mapping[str, Any]:
    """How a pod's container ended, or did before it was started again; {} while it has not."""
    for container in pod["status"].get("containerStatuses", ()):
        for when in ("state", "lastState"):
            if end := container.get(when, {}).get("terminated"):
                return end
    return {}
