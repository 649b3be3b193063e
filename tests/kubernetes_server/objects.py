"""Parts of objects as controllers and kubelets write them."""

import uuid

from tests.kubernetes_server.state import JSON, now

_COUNTS = ("active", "failed", "ready", "succeeded", "suspended")
_REASONS = {"Suspended": "Suspended", "Complete": "JobsCompleted", "Failed": "FailedJobs"}


def condition(kind: str, status: str, reason: str, message: str) -> JSON:
    """A condition of a TrainJob that begins to hold now, or to hold no longer."""
    return {
        "type": kind,
        "status": status,
        "reason": reason or _REASONS[kind],
        "message": message,
        "lastTransitionTime": now(),
    }


def child(**counts: int) -> JSON:
    """What a TrainJob tells of its child jobs."""
    return {"name": "node", **dict.fromkeys(_COUNTS, 0), **counts}


def ended(code: int, reason: str) -> JSON:
    """The status of a pod whose container has ended."""
    how = {"exitCode": code, "reason": reason, "finishedAt": now()}
    return {"phase": "Failed", "containerStatuses": [{"state": {"terminated": how}}]}


def pod(name: str, labels: dict[str, str], more: JSON, problem: str = "") -> JSON:
    """A pod that waits, for a reason that is told or not."""
    scheduled = {"type": "PodScheduled", "status": "False", "message": problem}
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "uid": str(uuid.uuid4()),
            "creationTimestamp": now(),
            "labels": labels,
            **more,
        },
        "spec": {"containers": [{"name": "node"}]},
        "status": {"phase": "Pending", "conditions": [scheduled] if problem else []},
    }
