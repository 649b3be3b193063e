"""Several runs that promote at the same time."""

import threading

import pytest

from components.promote import step
from components.registry import attempts, champions
from tests.tuned import tuned


def together(monkeypatch, runs):
    """Runs all of them so that each has seen the same champion before any has changed it."""
    seen, results = threading.Barrier(len(runs)), {}
    read, first = champions.read, threading.local()

    def reading(registry):
        seat = read(registry)
        if not getattr(first, "done", False):
            first.done = True
            seen.wait()
        return seat

    monkeypatch.setattr(step.champions, "read", reading)
    threads = [
        threading.Thread(target=lambda r=run: results.__setitem__(r.attempt, r.go()))
        for run in runs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monkeypatch.setattr(step.champions, "read", read)
    return results


@pytest.mark.parametrize("scores", [(0.6, 0.7), (0.7, 0.6), (0.6, 0.6)])
def test_the_best_of_two_wins_whoever_is_quicker(come, champion, registry, monkeypatch, scores):
    old = come(0.5)
    old.go()
    runs = [come(score, (old.name, 0.5)) for score in scores]
    results = together(monkeypatch, runs)
    promoted = [done for done in results.values() if done.decision == "promoted"]
    best = max(promoted, key=lambda done: done.new)
    assert len(results) == 2 and best.new == max(scores)
    assert champion() == best.model
    if scores[0] == scores[1]:
        assert len(promoted) == 1, "equal keeps the champion"
    for run in runs:
        assert attempts.find(registry, run.attempt).decision == results[run.attempt].decision


def test_of_four_first_models_the_best_is_champion(come, champion, monkeypatch):
    runs = [come(score) for score in (0.4, 0.7, 0.5, 0.6)]
    results = together(monkeypatch, runs)
    assert champion() == runs[1].name
    chain = {done.model: done.previous for done in results.values() if done.decision == "promoted"}
    assert list(chain.values()).count("") == 1, "one of them found no champion"
    assert champion() in chain


def test_the_same_model_twice_at_once_is_stored_and_crowned_once(
    come, champion, monkeypatch, tmp_path
):
    model = tuned(tmp_path / "same")
    runs = [come(0.6, model=model), come(0.6, model=model)]
    results = together(monkeypatch, runs)
    assert sorted(done.decision for done in results.values()) == ["kept", "promoted"]
    assert champion() == runs[0].name
