"""What a TrainJob's object tells of its state."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Job = Mapping[str, Any]
SUSPENDED, COMPLETE, FAILED = "Suspended", "Complete", "Failed"


def same(found: Job | None, job: Job) -> bool:
    """Whether what was found is this very job, and not another one of its name."""
    return found is not None and found["metadata"]["uid"] == job["metadata"]["uid"]


def is_going(job: Job) -> bool:
    """Whether it is being deleted."""
    return "deletionTimestamp" in job["metadata"]


def condition(job: Job, kind: str) -> dict[str, Any] | None:
    """The condition of a kind that holds; None if none does."""
    found = job.get("status", {}).get("conditions", ())
    return next((c for c in found if c["type"] == kind and c["status"] == "True"), None)


def has_ended(job: Job) -> bool:
    """Whether nothing more will happen."""
    return any(condition(job, kind) for kind in (COMPLETE, FAILED))


def is_at_work(job: Job) -> bool:
    """Whether all its nodes are ready, or some of them have ended."""
    if job["spec"].get("suspend"):
        return False
    children = job.get("status", {}).get("jobsStatus", ())
    return any(child[count] for child in children for count in ("ready", "succeeded", "failed"))


def waits_since(job: Job, pods: Sequence[Mapping[str, Any]]) -> datetime | None:
    """Since when it has been waiting for its nodes, by the server's clock.

    A job that was suspended in between, or whose nodes are started again, begins to wait again.

    Args:
        pods: the job's.

    Returns:
        None where it can't be told: it is let run, and none of its pods is there. So it is between
        an end of its nodes and their next start, however long it may have been at work.
    """
    found = job.get("status", {}).get("conditions", ())
    changed = [c["lastTransitionTime"] for c in found if c["type"] == SUSPENDED]
    times = [job["metadata"]["creationTimestamp"], *changed]
    if not job["spec"].get("suspend"):
        started = [pod["metadata"]["creationTimestamp"] for pod in pods if _is_there(pod)]
        if not started:
            return None
        times += started
    return max(datetime.fromisoformat(each) for each in times)


def _is_there(pod: Mapping[str, Any]) -> bool:
    ended = pod["status"].get("phase") in ("Succeeded", "Failed")
    return not ended and "deletionTimestamp" not in pod["metadata"]
