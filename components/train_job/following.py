"""A TrainJob on its way: it is looked at until it ends, is gone, or has waited for too long."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from components.kube import Pace, Pods, TrainJobs, state
from components.kube.pods import Pod
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
    telling, waiting = Telling(pods), Waiting()
    while True:
        found = jobs.get(job["metadata"]["name"])
        if not state.same(found, job) or state.is_going(found):
            return End(Ended.DELETED, job, telling.status)
        job = found
        found = telling.tell(job)
        for how in (Ended.COMPLETE, Ended.FAILED):
            if state.condition(job, how.value):
                return End(how, job, telling.status)
        if waiting.seconds(job, found) > queue_timeout:
            return End(Ended.LATE, job, telling.status)
        time.sleep(pace.poll)


class Waiting:
    """The time that a job waits for its nodes, which is none of its running time."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._known = False

    def seconds(self, job: Job, pods: Sequence[Pod]) -> float:
        """How long it has been waiting; 0 while it is at work.

        Args:
            pods: the job's; none where they can't be listed.
        """
        known, self._known = self._known, True
        if state.is_at_work(job):
            self._since = None
            return 0.0
        if self._since is None:
            before = 0.0 if known else _before(job, pods)
            self._since = time.monotonic() - before
        return time.monotonic() - self._since


def _before(job: Job, pods: Sequence[Pod]) -> float:
    """How long it had been waiting when we came to it."""
    since = state.waits_since(job, pods)
    return max(0.0, (datetime.now(UTC) - since).total_seconds()) if since else 0.0
