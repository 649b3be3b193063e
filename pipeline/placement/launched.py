"""Finetune on several nodes: the task then starts a TrainJob, follows it, and trains nothing.

It must not queue for what the TrainJob queues for: a queue full of such tasks would wait for
itself.
"""

from typing import Any

from components import parameters
from pipeline.placement import train_job
from pipeline.placement.per_step import Retries
from pipeline.placement.profile import Profile
from pipeline.placement.values import seconds

CPU, MEMORY = "1", "1Gi"
_SLACK = 3600  # seconds, to bring the backbone there and the model back, and for the job to go


def launches(profile: Profile, step: str) -> bool:
    """Whether the step's task starts a TrainJob."""
    return step == train_job.STEP and profile.nodes > 1


def inputs(profile: Profile, step: str, image: str) -> dict[str, Any]:
    """What a step's task takes beside the step's own inputs.

    Args:
        profile: the cluster's placement.
        step: one of `pipeline.steps.STEPS`.
        image: the step's.
    """
    if not launches(profile, step):
        return {}
    job = parameters.pack(train_job.manifest(profile, image))
    return {"job": job, "queue_timeout": seconds(profile.train_job.queue_timeout)}


def timeout(profile: Profile, said: str) -> int:
    """Seconds that a try may take, in the queue and for the `said` time at work."""
    return _queued(profile) + seconds(said) + _SLACK


def limit(profile: Profile, retries: Retries) -> str:
    """All tries together end this long after the first began, the time in the queue not counted."""
    return f"{_queued(profile) + seconds(retries.limit)}s"


def variables(profile: Profile, step: str) -> dict[str, str]:
    """What other tasks are told of it.

    Preflight hears among how many processes a batch is shared, the last task of a run that it is
    to delete the run's TrainJobs.
    """
    if profile.nodes == 1:
        return {}
    processes = str(profile.nodes * train_job.processes(profile))
    told = {
        "preflight": {"BIOTUNE_PROCESSES": processes},
        "report-failures": {"BIOTUNE_TRAIN_JOBS": "true"},
    }
    return told.get(step, {})


def _queued(profile: Profile) -> int:
    return seconds(profile.train_job.queue_timeout)
