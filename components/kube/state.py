"""What a TrainJob's object tells of its state."""

from collections.abc import Mapping
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


def waits_since(job: Job) -> datetime:
    """Since when it has been waiting for its nodes, by the server's clock.

    A job that was suspended in between begins to wait again, which this knows; one whose nodes are
    started again does so, too, which it does not.
    """
    found = job.get("status", {}).get("conditions", ())
    changed = [c["lastTransitionTime"] for c in found if c["type"] == SUSPENDED]
    times = [job["metadata"]["creationTimestamp"], *changed]
    return max(datetime.fromisoformat(each) for each in times)
