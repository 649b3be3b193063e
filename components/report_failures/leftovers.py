"""What a run on several nodes may leave behind: TrainJobs, and what lies where nodes meet."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from components import handover
from components.failures import first_line
from components.kube import Connection, Pace, TrainJobs

log = logging.getLogger("biotune")

ASKED = "BIOTUNE_TRAIN_JOBS"  # set where the profile has several nodes


def remove(runs: str, run: str, pace: Pace | None = None) -> list[str]:
    """Deletes the TrainJobs of a run that is at its end, and frees the space of its models.

    A training deletes its own job; one that was cancelled or killed may not have come to it.

    Args:
        runs: URI of the durable prefix of all runs.
        run: the run's id.
        pace: how patiently; the default is for clusters.

    Returns:
        The names of the jobs that were there.

    Raises:
        InputError: they may not be listed or deleted.
        ServiceError: the Kubernetes API can't serve.
    """
    with ExitStack() as each:  # one that can't be deleted keeps no other
        each.callback(_free, runs, run)  # comes last: accelerators cost more than space
        jobs = TrainJobs(Connection(pace))
        left = jobs.of_run(run)
        for job in left:
            each.callback(jobs.delete, job)
            log.info("%s: was left by the run, and is deleted", job["metadata"]["name"])
    return [job["metadata"]["name"] for job in left]


def _free(runs: str, run: str) -> None:
    with _sparing():
        for place in handover.of_run(runs, run):
            with _sparing():
                place.clear()


@contextmanager
def _sparing() -> Iterator[None]:
    """Whatever the block fails of, it costs space and nothing else."""
    try:
        yield
    except Exception as error:
        log.warning("what the nodes were given can't be removed: %s", first_line(error))
