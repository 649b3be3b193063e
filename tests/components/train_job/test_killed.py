"""Whatever becomes of the launcher's process: one TrainJob at a time, and none left at the end."""

import random
import signal
import threading
import time

import pytest

from components.finetune.silence import Deserted
from components.kube import state
from components.report_failures import leftovers
from tests.kubernetes_server.cluster import MODEL
from tests.kubernetes_server.launching import FAST, JOB, NAME, RUN
from tests.kubernetes_server.state import FOREVER

SCRIPT = [
    (0.1, "suspend", {}),
    (0.2, "place", {}),
    (0.3, "run", {}),
    (0.6, "deliver", {}),
    (0.0, "succeed", {}),
]
# The requests at which a launcher is killed, and whether the server does it still.
MOMENTS = [
    ("create", "trainjobs", "instead"),
    ("create", "trainjobs", "after"),  # the job is there, and was never looked at
    ("list", "pods", "after"),
    ("delete", "trainjobs", "instead"),  # the model is here, and the job not yet cleaned away
    ("delete", "trainjobs", "after"),
]


def killed_at(cluster, pod, verb, resource, when):
    """Starts a launcher that is killed at a request, and waits until it is dead."""
    begun, ready = [], threading.Event()

    def kill():
        ready.wait(10)
        begun[0].kill()
        begun[0].code()

    cluster.at(verb, resource, when, kill)
    begun.append(pod())
    ready.set()
    assert begun[0].code() == -signal.SIGKILL


def test_killed_at_ten_moments_there_is_one_job_and_its_model(cluster, pod, contents):
    cluster.script, cluster.state.going = SCRIPT, 0.1
    moments = random.Random(9)
    for moment in MOMENTS[:3]:
        killed_at(cluster, pod, *moment)
    for _ in range(5):
        launcher = pod()
        time.sleep(moments.uniform(0.0, 0.2))
        launcher.kill()
        assert launcher.code() == -signal.SIGKILL
    for moment in MOMENTS[3:]:
        killed_at(cluster, pod, *moment)
    last = pod()
    assert last.code() == 0, last.said
    assert contents(last.output) == MODEL
    assert len(cluster.state.created) == 1, "no try has started a second"
    assert cluster.state.jobs == {}


def test_killed_while_it_tells_of_a_failure_the_next_try_tells_it(cluster, pod):
    record = {"number": 1, "kind": "input", "message": "num_classes=1: too few"}
    cluster.script = [(0.0, "run", {}), (0.1, "leave", record), (0.0, "give_up", {})]
    killed_at(cluster, pod, "delete", "trainjobs", "instead")
    second = pod()
    assert second.code() == 2 and "error: num_classes=1: too few" in second.said
    assert len(cluster.state.created) == 1 and cluster.state.jobs == {}


@pytest.mark.parametrize("delivered", [False, True])
def test_nodes_that_gave_up_on_a_dead_launcher_cost_no_try(cluster, pod, contents, delivered):
    running(cluster, pod).kill()
    if delivered:
        cluster.deliver(NAME)
    said = {"kind": "failed", "message": "nothing was heard", "exit_code": Deserted.exit_code}
    cluster.leave(NAME, 0, **said)
    cluster.leave(NAME, 1, kind="peer", message="node 0 is gone")
    cluster.give_up(NAME)
    cluster.script = [(0.0, "run", {}), (0.1, "deliver", {}), (0.0, "succeed", {})]
    second = pod()
    assert second.code() == 0, second.said
    assert contents(second.output) == MODEL
    assert ("its nodes ended, as nobody followed them" in second.said) is not delivered
    assert len(cluster.state.created) == (1 if delivered else 2) and cluster.state.jobs == {}


def test_a_next_try_begins_only_when_all_of_the_last_is_gone(cluster, pod, contents):
    def all_gone():
        cluster.state.remove(cluster.state.job(NAME))
        cluster.state.going = 0.0

    cluster.script = [(0.0, "run", {}), (0.0, "give_up", {})]
    cluster.state.going = FOREVER
    killed_at(cluster, pod, "delete", "trainjobs", "after")
    cluster.script = [(0.0, "run", {}), (0.1, "deliver", {}), (0.0, "succeed", {})]
    cluster.at("get", "trainjobs", "before", all_gone, count=5)
    second = pod()
    assert second.code() == 0 and contents(second.output) == MODEL
    assert "is being deleted, which is waited for" in second.said
    assert len(cluster.state.created) == 2 and cluster.state.jobs == {}


def running(cluster, pod):
    """A launcher whose job is at work, and nothing else happens."""
    cluster.script = [(0.0, "run", {})]
    looked = threading.Event()
    cluster.at("get", "pods/log", "after", looked.set)
    launcher = pod()
    assert looked.wait(20)
    return launcher


def test_a_cancelled_run_deletes_its_job(cluster, pod):
    launcher = running(cluster, pod)
    cluster.cancel()
    launcher.send(signal.SIGTERM)
    assert launcher.code() == 128 + signal.SIGTERM
    assert "is deleted, since its run is cancelled" in launcher.said
    assert cluster.emptied()


@pytest.mark.parametrize("change", ["none", "no right", "no answer"])
def test_a_launcher_that_is_moved_leaves_its_job_to_the_next(cluster, pod, contents, change):
    launcher = running(cluster, pod)
    if change == "no right":
        cluster.rights.discard("get workflows")
    if change == "no answer":
        cluster.fail(500, resource="workflows")
    launcher.send(signal.SIGTERM)
    assert launcher.code() == 128 + signal.SIGTERM
    assert list(cluster.state.jobs) == [NAME]
    second = pod()
    time.sleep(0.1)
    cluster.deliver(NAME)
    cluster.succeed(NAME)
    assert second.code() == 0 and contents(second.output) == MODEL
    assert "is there already, and gone on with" in second.said
    assert len(cluster.state.created) == 1 and cluster.state.jobs == {}


def test_the_last_task_deletes_what_a_killed_launcher_has_left(cluster, pod, place, tmp_path):
    running(cluster, pod).kill()
    jobs, cluster.state.going = cluster.state.jobs, FOREVER
    cluster.state.create({**JOB, "metadata": {"name": "other", "labels": {}}})
    assert leftovers.remove(str(tmp_path / "runs"), RUN, FAST) == [NAME]
    assert [name for name, job in jobs.items() if not state.is_going(job)] == ["other"]


def test_as_long_as_the_launcher_is_there_the_nodes_hear_of_it(cluster, pod, place):
    launcher = running(cluster, pod)
    first, until = place.heard(), time.monotonic() + 10
    while place.heard() == first and time.monotonic() < until:
        time.sleep(0.02)
    assert place.heard() != first
    launcher.kill()
    launcher.code()
    last = place.heard()
    time.sleep(3 * FAST.beat)
    assert place.heard() == last != ""
