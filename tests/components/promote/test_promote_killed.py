"""Killed at any write, and tried again: the champion is always whole, and the right one."""

import os

import pytest

from components import storage
from components.registry import attempts


class Killed(BaseException):
    """Ends a try as a kill would."""


def cut(monkeypatch, number, when, kill):
    """Kills at the given write: before it, after it, or with half of a file written."""
    count = iter(range(1000))
    put, put_if = storage.put, storage.put_if

    def cutting(write, path, uri, **more):
        last = next(count) == number
        if last and when == "before":
            kill()
        if last and when == "half" and write is put:
            half = path.with_name("half")
            half.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            put(half, uri)
            half.unlink()
            kill()
        write(path, uri, **more)
        if last:
            kill()

    monkeypatch.setattr(storage, "put", lambda *a: cutting(put, *a))
    monkeypatch.setattr(storage, "put_if", lambda *a, **k: cutting(put_if, *a, **k))


def raising():
    raise Killed


WRITES = 7  # four files of a model, the mark, the champion, the attempt


@pytest.mark.parametrize("when", ["before", "half", "after"])
@pytest.mark.parametrize("number", range(WRITES))
def test_a_try_that_was_killed_is_made_good_by_the_next(
    come, champion, registry, monkeypatch, number, when
):
    first = come(0.5)
    first.go()
    second = come(0.6, (first.name, 0.5))
    with monkeypatch.context() as patched, pytest.raises(Killed):
        cut(patched, number, when, raising)
        second.go()
    changed = number > 5 or (number == 5 and when != "before")
    assert champion() == (second.name if changed else first.name)
    assert not second.output.exists()
    done = second.go("-again")
    assert (done.decision, done.new, done.champion) == ("promoted", 0.6, 0.5)
    assert done.previous == first.name and "against the champion's 0.5000" in done.reason
    assert champion() == second.name
    assert attempts.find(registry, second.attempt).decision == "promoted"


def test_there_are_no_more_writes_than_those(come, monkeypatch):
    writes = []
    put, put_if = storage.put, storage.put_if
    monkeypatch.setattr(storage, "put", lambda p, uri: writes.append(uri) or put(p, uri))
    monkeypatch.setattr(
        storage, "put_if", lambda d, uri, **k: writes.append(uri) or put_if(d, uri, **k)
    )
    come(0.5).go()
    names = [uri.rpartition("/")[2] for uri in writes]
    assert sorted(names[:4]) == [
        *("config.yaml", "history.csv", "learning_rates.csv", "model.safetensors")
    ]
    assert names[4:6] == ["model.json", "champion.json"] and len(names) == WRITES


@pytest.mark.parametrize("registry", ["disk"], indirect=True)
@pytest.mark.parametrize("number", range(WRITES))
def test_a_process_that_is_gone_leaves_a_whole_champion(come, champion, monkeypatch, number):
    first = come(0.5)
    first.go()
    second = come(0.6, (first.name, 0.5))
    if not (child := os.fork()):
        cut(monkeypatch, number, "before", lambda: os._exit(9))
        second.go()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert champion() == (first.name if number < 6 else second.name)
    assert second.go("-again").decision == "promoted"
    assert champion() == second.name


def test_a_kept_champion_survives_a_kill_at_the_record(come, champion, registry, monkeypatch):
    first = come(0.5)
    first.go()
    second = come(0.4, (first.name, 0.5))
    for when in ("before", "after"):
        with monkeypatch.context() as patched, pytest.raises(Killed):
            cut(patched, 0, when, raising)
            second.go(when)
        assert champion() == first.name
    assert second.go("-again").decision == "kept"
    assert attempts.find(registry, second.attempt).decision == "kept"
