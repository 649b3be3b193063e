"""A run is followed to its end, whatever happens to the server in between."""

import itertools

import pytest

from components.failures import InputError, ServiceError
from pipeline.cluster import wait as waiting
from pipeline.cluster.client import connect
from pipeline.cluster.progress import NOT_STARTED


@pytest.fixture
def script(monkeypatch):
    """What happens in each pause of the waiting, and how long the pauses are."""
    pauses, now = [], [0.0]

    def order(*acts):
        coming = itertools.chain(acts, itertools.repeat(None))

        def sleep(seconds):
            assert len(pauses) < 100, "waits for ever"
            pauses.append(seconds)
            now[0] += seconds
            if act := next(coming):
                act()

        monkeypatch.setattr(waiting.time, "sleep", sleep)
        return pauses

    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    return order


class Seen(list):
    """What a user was shown: the progress after each look, and what was said of the server."""

    def __init__(self):
        super().__init__()
        self.away = []

    def states(self):
        return [{step.name: step.state for step in progress.steps} for progress in self]


def waited(target, run_id, seen, **options):
    client = connect(target)
    return waiting.wait(client, run_id, seen.append, seen.away.append, **options)


def test_success_with_the_state_of_each_step(kfp_server, target, run_id, script):
    go = [lambda: kfp_server.advance(run_id)] * 2
    script(*go, lambda: kfp_server.finish(run_id, "SUCCEEDED"))
    seen = Seen()
    assert waited(target, run_id, seen).state == "SUCCEEDED"
    assert [list(states.values()) for states in seen.states()] == [
        [NOT_STARTED] * 3,
        ["RUNNING", NOT_STARTED, NOT_STARTED],
        ["SUCCEEDED", "RUNNING", NOT_STARTED],
        ["SUCCEEDED", "RUNNING", "SKIPPED"],
    ]
    assert list(seen.states()[0]) == ["preflight", "finetune", "promote"]


def test_a_step_of_a_group_that_is_skipped(kfp_server, target, run_id, script):
    kfp_server.task(run_id, "condition-1", "SKIPPED")
    kfp_server.finish(run_id, "FAILED")
    script()
    assert waited(target, run_id, Seen()).steps[-1].state == "SKIPPED"


def test_a_failed_step_with_the_error_of_its_pod(kfp_server, target, run_id, script):
    kfp_server.task(run_id, "preflight", "SUCCEEDED")
    kfp_server.task(run_id, "finetune", "FAILED", "main: Error\n(exit code 2)")
    kfp_server.finish(run_id, "FAILED")
    script()
    failed = waited(target, run_id, Seen()).failed()
    assert (failed.name, failed.error) == ("finetune", "main: Error (exit code 2)")


def test_a_step_whose_driver_failed(kfp_server, target, run_id, script):
    kfp_server.task(run_id, "preflight", "RUNNING")
    kfp_server._task(run_id, "finetune-driver", "FAILED", "no such secret")
    kfp_server.finish(run_id, "FAILED")
    script()
    failed = waited(target, run_id, Seen()).failed()
    assert (failed.name, failed.error) == ("finetune", "no such secret")


def test_a_failure_that_is_no_step_s(kfp_server, target, run_id, script):
    kfp_server.finish(run_id, "FAILED", "quota exceeded")
    script()
    ended = waited(target, run_id, Seen())
    assert (ended.failed(), ended.error) == (None, "quota exceeded")


def test_canceled_ends_the_waiting(kfp_server, target, run_id, script):
    def cancel():
        connect(target).terminate_run(run_id)

    script(cancel, lambda: kfp_server.finish(run_id, "CANCELED"))
    seen = Seen()
    assert waited(target, run_id, seen).state == "CANCELED"
    assert [progress.state for progress in seen] == ["PENDING", "CANCELING", "CANCELED"]


def test_restarts_errors_and_broken_connections_in_between(kfp_server, target, run_id, script):
    pauses = script(
        kfp_server.restart,
        kfp_server.stop,
        None,
        None,
        kfp_server.start,
        lambda: kfp_server.fail(503, times=3),
        None,
        None,
        None,
        lambda: kfp_server.fail(how="drop", times=1),
        lambda: kfp_server.advance(run_id),
        lambda: kfp_server.finish(run_id, "SUCCEEDED"),
    )
    seen = Seen()
    assert waited(target, run_id, seen).state == "SUCCEEDED"
    assert len(seen.away) == 3  # once for each time that it was away
    assert pauses[2:5] == [1.0, 2.0, 4.0]  # and asked less and less often


def test_a_server_that_stays_away_is_given_up(kfp_server, target, run_id, script):
    pauses = script(kfp_server.stop)
    with pytest.raises(ServiceError, match="away for 600 s"):
        waited(target, run_id, Seen())
    assert waiting.PATIENCE < sum(pauses) < waiting.PATIENCE + 60
    assert max(pauses) == 30


@pytest.mark.parametrize("status, told", [(401, "asks for a token"), (404, "not found")])
def test_a_refusal_ends_the_waiting(kfp_server, target, run_id, script, status, told):
    script(
        lambda: kfp_server.fail(status, message="run not found", operation="GetRun"),
    )
    with pytest.raises(InputError, match=told):
        waited(target, run_id, Seen())


def test_the_time_is_up(kfp_server, target, run_id, script):
    pauses = script()
    with pytest.raises(waiting.TimedOut):
        waited(target, run_id, Seen(), timeout=12)
    assert pauses == [5.0, 5.0, 2.0]
