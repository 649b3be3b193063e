"""Conditional writes on a disk and on a real S3 server: of many writers one gets through."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from components import storage
from components.failures import InputError
from tests.s3_server import READ_ONLY

WRITER = """
import sys, time
from components import storage
uri, name, start, fingerprint = sys.argv[1:]
time.sleep(max(0, float(start) - time.time()))
try:
    storage.put_if(name.encode(), uri, fingerprint=fingerprint or None)
except storage.Conflict:
    sys.exit(3)
"""


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.s3)])
def place(request, tmp_path):
    """A URI for one file in an empty place."""
    if request.param == "disk":
        return str(tmp_path / "registry" / "champion.json")
    return request.getfixturevalue("s3").uri("registry/champion.json")


def writers(uri, fingerprint, turn, count=4):
    """How many of the threads that write at the same time get through, and what they wrote."""
    ready, won = threading.Barrier(count), []

    def write(name):
        ready.wait()
        try:
            storage.put_if(name, uri, fingerprint=fingerprint)
        except storage.Conflict:
            return
        won.append(name)

    threads = [
        threading.Thread(target=write, args=(b"%d by %d" % (turn, n),)) for n in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def test_what_was_written_is_read_with_the_same_fingerprint(place):
    first = storage.put_if(b"one", place, fingerprint=None)
    assert storage.read(place) == (b"one", first)
    second = storage.put_if(b"two", place, fingerprint=first)
    assert storage.read(place) == (b"two", second) and first != second


def test_a_condition_that_does_not_hold_leaves_the_file_as_it_is(place):
    with pytest.raises(storage.Conflict, match=r"champion\.json.*run again"):
        storage.put_if(b"none", place, fingerprint="0" * 32)
    with pytest.raises(storage.Missing):
        storage.read(place)
    first = storage.put_if(b"one", place, fingerprint=None)
    second = storage.put_if(b"two", place, fingerprint=first)
    for fingerprint in (None, first, "0" * 32):
        with pytest.raises(storage.Conflict):
            storage.put_if(b"three", place, fingerprint=fingerprint)
    assert storage.read(place) == (b"two", second)


def test_of_writers_at_the_same_time_one_gets_through(place):
    fingerprint = None
    for turn in range(10):
        (winner,) = writers(place, fingerprint, turn)
        content, fingerprint = storage.read(place)
        assert content == winner


def test_of_processes_on_one_disk_one_gets_through(tmp_path):
    uri, fingerprint = str(tmp_path / "champion.json"), ""
    for turn in range(2):
        start = str(time.time() + 1)
        command = [sys.executable, "-c", WRITER, uri]
        running = [
            subprocess.Popen(
                [*command, f"{turn}{name}", start, fingerprint], cwd=Path(__file__).parents[3]
            )
            for name in "abc"
        ]
        assert sorted(process.wait() for process in running) == [0, 3, 3]
        fingerprint = storage.read(uri)[1]


def test_a_process_forked_in_the_midst_does_not_keep_the_next_writer_out(tmp_path, monkeypatch):
    """As a DataLoader's worker is, while a state is written in the background."""
    place, children = str(tmp_path / "latest.json"), []
    monkeypatch.setattr(os, "fsync", lambda number: children.append(_forked()))
    first = storage.put_if(b"one", place, fingerprint=None)
    monkeypatch.undo()
    rest = {"fingerprint": first}
    second = threading.Thread(target=storage.put_if, args=(b"two", place), kwargs=rest, daemon=True)
    second.start()
    second.join(20)
    os.kill(children[0], signal.SIGKILL)
    os.waitpid(children[0], 0)
    assert storage.read(place)[0] == b"two"


def _forked():
    child = os.fork()
    if not child:
        signal.pause()
    return child


def test_a_place_that_keeps_writers_apart_is_accepted_again_and_again(place):
    for _ in range(3):
        storage.require_conditions(place)


@pytest.mark.s3
def test_a_place_that_can_not_be_written_is_refused(s3, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"probe: (File exists|a part)"):
        storage.require_conditions(str(tmp_path / "file" / "probe"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READ_ONLY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READ_ONLY[1])
    with pytest.raises(InputError, match="access denied"):
        storage.require_conditions(s3.uri("probe"))


def test_a_record_that_is_too_large_is_refused(place):
    storage.put_if(b"x" * 11, place, fingerprint=None)
    with pytest.raises(InputError, match="larger than 10 bytes"):
        storage.read(place, limit=10)
