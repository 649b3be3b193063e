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


def test_a_job_waits_since_it_was_last_suspended():
    def since(*conditions):
        made = {"creationTimestamp": "2026-01-01T00:00:00Z"}
        return state.waits_since({"metadata": made, "status": {"conditions": conditions}})

    other = {"type": "Failed", "status": "False", "lastTransitionTime": "2026-01-03T00:00:00Z"}
    resumed = {"type": "Suspended", "status": "False", "lastTransitionTime": "2026-01-02T00:00:00Z"}
    assert since(other) == datetime(2026, 1, 1, tzinfo=UTC)
    assert since(other, resumed) == datetime(2026, 1, 2, tzinfo=UTC)
