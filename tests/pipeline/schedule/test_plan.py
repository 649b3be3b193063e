from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.schedule.marker import Marker
from pipeline.schedule.plan import Create, Delete, Disable, Enable, Found, plan
from pipeline.schedule.trigger import Trigger


@dataclass
class Wanted:
    name: str = "nightly"
    digest: str = "a"
    paused: bool = False


def found(id, digest="a", generation=1, enabled=True, name="nightly"):
    made = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=len(id))
    mark = Marker("me", name, generation, digest)
    return Found(id, "experiment", mark, enabled, made, Trigger(cron="@daily"))


def planned(wanted, *there):
    """The word and the requests for the one name that there is."""
    (change,) = plan(wanted, there)
    return change.result, [
        (type(action).__name__, getattr(getattr(action, "found", None), "id", None))
        for action in change.actions
    ]


OLD, NEW = found("1", digest="old"), found("2", generation=2)


def test_a_first_one_is_created_as_it_shall_be():
    assert plan([Wanted()], [])[0].actions == (Create(1, enabled=True),)
    assert plan([Wanted(paused=True)], [])[0].actions == (Create(1, enabled=False),)


def test_another_takes_over_without_two_active_at_once():
    (change,) = plan([Wanted()], [OLD])
    steps = (Create(2, enabled=False), Disable(OLD), Enable(None), Delete(OLD))
    assert (change.result, change.actions) == ("replaced", steps)
    (paused,) = plan([Wanted(paused=True)], [OLD])
    assert paused.actions == (Create(2, enabled=False), Disable(OLD), Delete(OLD))


@pytest.mark.parametrize(
    ("wanted", "there", "word", "requests"),
    [
        (Wanted(), found("1"), "unchanged", []),
        (Wanted(paused=True), found("1", enabled=False), "unchanged", []),
        (Wanted(paused=True), found("1"), "paused", [("Disable", "1")]),
        (Wanted(), found("1", enabled=False), "resumed", [("Enable", "1")]),
    ],
)
def test_the_right_one_is_kept_and_paused_or_resumed(wanted, there, word, requests):
    assert planned([wanted], there) == (word, requests)


def test_one_that_is_not_described_goes():
    assert planned([], found("1")) == ("pruned", [("Disable", "1"), ("Delete", "1")])
    assert planned([], found("1", enabled=False)) == ("pruned", [("Delete", "1")])


@pytest.mark.parametrize(
    ("old", "new", "word", "requests"),
    [
        (True, False, "replaced", [("Disable", "1"), ("Enable", "2"), ("Delete", "1")]),
        (False, False, "resumed", [("Enable", "2"), ("Delete", "1")]),
        (False, True, "unchanged", [("Delete", "1")]),
        (True, True, "replaced", [("Disable", "1"), ("Delete", "1")]),  # by another's hand
    ],
)
def test_what_was_cut_off_is_ended(old, new, word, requests):
    there = found("1", "old", 1, old), found("2", "a", 2, new)
    assert planned([Wanted()], *there) == (word, requests)


def test_a_change_back_is_a_change_as_any_other():
    result, requests = planned([Wanted(digest="old")], OLD, found("2", "a", 2, enabled=False))
    assert result == "replaced"
    assert requests == [
        ("Create", None),
        ("Disable", "1"),
        ("Enable", None),
        ("Delete", "2"),
        ("Delete", "1"),
    ]


def test_of_two_alike_the_active_one_stays_else_the_elder():
    twins = found("1", enabled=False), found("22", enabled=True)
    assert planned([Wanted()], *twins) == ("unchanged", [("Delete", "1")])
    twins = found("22", enabled=False), found("1", enabled=False)
    assert planned([Wanted()], *twins) == ("resumed", [("Enable", "1"), ("Delete", "22")])


def test_names_do_not_mix():
    changes = plan([Wanted("a"), Wanted("b")], [found("1", name="b"), found("2", name="c")])
    assert [(one.name, one.result) for one in changes] == [
        ("a", "created"),
        ("b", "unchanged"),
        ("c", "pruned"),
    ]
