"""A TrainJob on its way: it is looked at until it ends, is gone, or has waited for too long."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from components.kube import Pace, Pods, TrainJobs, state
from components.kube.state import Job
from components.train_job.telling import Telling


class Ended(Enum):
    """How it came to an end."""

    COMPLETE = state.COMPLETE
    FAILED = state.FAILED
    DELETED = "Deleted"  # by someone else
    LATE = "Late"  # its nodes have not come


@dataclass(frozen=True)
class End:
    """An end.

    Attributes:
        job: as it was seen last.
        status: what was told of it last.
    """

    how: Ended
    job: Job
    status: str


def follow(jobs: TrainJobs, pods: Pods, job: Job, queue_timeout: float, pace: Pace) -> End:
    """Tells of a job what is new, until its end.

    Args:
        queue_timeout: seconds that it may wait for its nodes, each time that it does.

    Raises:
        ServiceError: the API can't serve; nothing is done to the job.
    """
    telling, waiting = Telling(pods), Waiting(job)
    while True:
        found = jobs.get(job["metadata"]["name"])
        if not state.same(found, job) or state.is_going(found):
            return End(Ended.DELETED, job, telling.status)
        job = found
        telling.tell(job)
        for how in (Ended.COMPLETE, Ended.FAILED):
            if state.condition(job, how.value):
                return End(how, job, telling.status)
        if waiting.seconds(job) > queue_timeout:
            return End(Ended.LATE, job, telling.status)
        time.sleep(pace.poll)


class Waiting:
    """The time that a job waits for its nodes, which is none of its running time.

    Args:
        job: as it is when we come to it; it may have waited before.
    """

    def __init__(self, job: Job) -> None:
        before = (datetime.now(UTC) - state.waits_since(job)).total_seconds()
        self._since: float | None = time.monotonic() - max(0.0, before)

    def seconds(self, job: Job) -> float:
        """How long it has been waiting; 0 while it is at work."""
        if state.is_at_work(job):
            self._since = None
            return 0.0
        if self._since is None:
            self._since = time.monotonic()
        return time.monotonic() - self._since
