"""One training a place at a time: the second is told who is there, and the dead hold nothing."""

import json
import os
import subprocess
import sys
import time

import pytest

from components import storage
from components.failures import InputError
from components.resume import holder
from components.resume.lease import LEASE, held

HOLD = """
import sys, time
from components.resume.lease import held
with held(sys.argv[1], 60):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(params=["disk", "s3"])
def place(request, tmp_path):
    """An empty place."""
    if request.param == "disk":
        return str(tmp_path / "place")
    return request.getfixturevalue("s3").uri(f"leases/{tmp_path.name}")


@pytest.fixture
def other(place):
    """A process that holds the place."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, place], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.wait()


def written(place):
    return json.loads(storage.read(storage.join(place, LEASE))[0])


def rewrite(place, **changes):
    uri = storage.join(place, LEASE)
    content, fingerprint = storage.read(uri)
    storage.put_if(json.dumps(json.loads(content) | changes).encode(), uri, fingerprint=fingerprint)


def test_the_second_is_refused_and_told_who_holds_it_until_when(place, other):
    with (
        pytest.raises(
            InputError, match=rf"held by process {other.pid} on .*, until \d\d:\d\d:\d\d"
        ),
        held(place, 60),
    ):
        pass


def test_a_killed_holder_of_this_machine_is_replaced_at_once(place, other, caplog):
    other.kill()
    other.wait()
    with held(place, 60):
        assert written(place)["pid"] == os.getpid()
    assert f"process {other.pid}" in caplog.text and "which is dead: taken over" in caplog.text


def test_a_process_that_was_given_the_number_of_a_dead_one_holds_nothing(tmp_path, caplog):
    place = str(tmp_path)
    with held(place, 60):
        before = written(place)
    rewrite(place, released=False, started="1", **{k: before[k] for k in ("machine", "pid")})
    with held(place, 60):
        pass
    assert "which is dead: taken over" in caplog.text


def test_who_is_not_heard_of_any_more_is_replaced(place, other, caplog):
    rewrite(place, machine="another", until=time.time() - 5)
    with held(place, 60):
        pass
    assert "not heard of for 5 s more than agreed: taken over" in caplog.text


@pytest.mark.parametrize(("run", "goes"), [("r1", True), ("r2", False), ("", False)])
def test_the_retry_of_a_run_does_not_wait_for_the_pod_it_replaces(
    run, goes, tmp_path, monkeypatch, caplog
):
    place = str(tmp_path)
    with held(place, 60):
        pass
    rewrite(place, released=False, machine="another", run="r1", pod="pod-1")
    monkeypatch.setenv("BIOTUNE_RUN", run)
    if not goes:
        with pytest.raises(InputError, match="on pod-1 of run r1, until"), held(place, 60):
            pass
        return
    with held(place, 60):
        assert written(place)["run"] == "r1"
    assert "which this one replaces: taken over" in caplog.text


def _wait_until(seen):
    """For a thread in the background, which may come late on a busy machine."""
    end = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_lease_is_renewed_and_given_back(place):
    with held(place, 3):
        first = written(place)["until"]
        _wait_until(lambda: written(place)["until"] > max(first, time.time()))
    assert written(place)["released"]


def test_who_was_replaced_does_not_write_over_his_successor(tmp_path, caplog):
    place = str(tmp_path)
    with held(place, 0.3):
        rewrite(place, id="successor")
        _wait_until(lambda: "was taken over by another run" in caplog.text)
    assert written(place)["id"] == "successor" and not written(place).get("released")
    assert "was taken over by another run" in caplog.text


def test_a_lease_that_is_no_json_is_replaced(tmp_path):
    (tmp_path / LEASE).write_text("{")
    with held(str(tmp_path), 60):
        assert written(str(tmp_path))["pid"] == os.getpid()


def test_of_this_process_it_is_known_that_it_lives():
    assert holder.gone(holder.myself()) == ""
