"""A job is this very job, whatever else has its name by now."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from components.kube import Connection, TrainJobs, state
from tests.kubernetes_server.launching import FAST, JOB
from tests.kubernetes_server.state import FOREVER


@pytest.fixture
def jobs(kubernetes_server):
    return TrainJobs(Connection(FAST))


@pytest.fixture
def job():
    return {**JOB, "metadata": {"name": "job"}}


def test_another_job_of_the_same_name_is_left_alone(kubernetes_server, jobs, job):
    old = jobs.create(job)
    kubernetes_server.state.remove(kubernetes_server.state.job("job"))
    new = jobs.create(job)
    jobs.delete(old)
    assert jobs.gone(old)
    assert not state.is_going(jobs.get("job")) and state.same(jobs.get("job"), new)


def test_a_job_that_does_not_go_is_not_waited_for_without_end(kubernetes_server, job):
    jobs = TrainJobs(Connection(replace(FAST, going=0.1)))
    kubernetes_server.state.going = FOREVER
    made = jobs.create(job)
    jobs.delete(made)
    assert not jobs.gone(made)


def condition(kind, day, status="False"):
    return {"type": kind, "status": status, "lastTransitionTime": f"2026-01-{day:02}T00:00:00Z"}


def pod(day, phase="Pending", **its):
    its["creationTimestamp"] = f"2026-01-{day:02}T00:00:00Z"
    return {"metadata": its, "status": {"phase": phase}}


@pytest.mark.parametrize(
    "day, conditions, suspend, pods",
    [
        (1, [condition("Failed", 9)], True, []),
        (2, [condition("Suspended", 2, "True")], True, [pod(9)]),
        (3, [condition("Suspended", 3)], False, [pod(1)]),
        (5, [condition("Suspended", 3)], False, [pod(4), pod(5, "Running"), pod(9, "Failed")]),
        (None, [condition("Suspended", 3)], False, [pod(9, "Succeeded")]),
        (None, [], False, [pod(9, "Running", deletionTimestamp="2026-01-10T00:00:00Z")]),
    ],
)
def test_a_job_waits_since_it_was_last_suspended_or_started(day, conditions, suspend, pods):
    made = {"creationTimestamp": "2026-01-01T00:00:00Z"}
    job = {"metadata": made, "spec": {"suspend": suspend}, "status": {"conditions": conditions}}
    assert state.waits_since(job, pods) == (day and datetime(2026, 1, day, tzinfo=UTC))
