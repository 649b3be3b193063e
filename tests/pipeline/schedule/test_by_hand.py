"""Schedules seen and changed by hand, through the command line and the fake server."""

import json

import pytest

NIGHTLY = {"cron": "0 0 2 * * MON-FRI"}


@pytest.fixture
def both(schedule, written):
    """`nightly` of two owners, and `weekly` of one."""
    for owner in ("emg-team", "eeg-team"):
        own = {"weekly": {"cron": "@weekly"}} if owner == "eeg-team" else {}
        assert schedule("apply", written(owner, nightly=NIGHTLY, **own))[0] == 0


def modes(kfp_server):
    return {
        (one["description"].split("owner=")[1].split()[0], one["display_name"]): one["mode"]
        for one in kfp_server.state.recurring.values()
    }


def test_list_shows_what_is_there(both, schedule):
    _, out, _ = schedule("list", "--json")
    shown = [(one["owner"], one["name"]) for one in json.loads(out)["schedules"]]
    assert shown == [("eeg-team", "nightly"), ("eeg-team", "weekly"), ("emg-team", "nightly")]
    _, out, _ = schedule("list", "--owner", "emg-team")
    assert out.count(" 02:00:00") == 3 and "eeg-team" not in out
    _, out, _ = schedule("list", "--owner", "nobody")
    assert out == "no schedules of nobody\n"


def test_one_is_paused_and_resumed(both, kfp_server, schedule, written):
    own = written("emg-team", nightly=NIGHTLY)
    code, out, _ = schedule("pause", "nightly", "--file", own)
    assert (code, out.startswith("nightly: paused; the next apply")) == (0, True)
    assert modes(kfp_server)["emg-team", "nightly"] == "DISABLE"
    assert modes(kfp_server)["eeg-team", "nightly"] == "ENABLE"
    assert "was paused already" in schedule("pause", "nightly", "--owner", "emg-team")[1]
    assert schedule("resume", "nightly", "--owner", "emg-team")[1].startswith("nightly: resumed")
    assert modes(kfp_server)["emg-team", "nightly"] == "ENABLE"


def test_a_resumed_one_is_the_one_in_charge_and_no_former_one(kfp_server, schedule, written):
    schedule("apply", written(nightly=NIGHTLY))
    (old,) = kfp_server.state.recurring
    kfp_server.trigger(old)
    schedule("apply", written(nightly={"cron": "@daily"}))
    schedule("pause", "nightly")
    schedule("resume", "nightly")
    modes = {key: one["mode"] for key, one in kfp_server.state.recurring.items()}
    assert modes.pop(old) == "DISABLE"
    assert list(modes.values()) == ["ENABLE"]


def test_remove_waits_for_what_runs(kfp_server, schedule, written):
    schedule("apply", written(nightly=NIGHTLY))
    (id,) = kfp_server.state.recurring
    run = kfp_server.trigger(id)
    code, out, _ = schedule("remove", "nightly")
    assert (code, "runs are in flight" in out) == (0, True)
    assert kfp_server.state.recurring[id]["mode"] == "DISABLE"
    kfp_server.finish(run["run_id"], "FAILED")
    assert "nightly: removed" in schedule("remove", "nightly")[1]
    assert (kfp_server.state.recurring, kfp_server.state.killed) == ({}, [])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pause", "nightly"], "nightly: eeg-team and emg-team have one; say which by --owner"),
        (["remove", "daily"], "daily: no such schedule; there are nightly, weekly"),
        (["resume", "weekly", "--owner", "emg-team"], "weekly: no such schedule of emg-team"),
    ],
)
def test_a_name_that_does_not_say_which(both, schedule, words, told):
    code, _, errors = schedule(*words)
    assert code == 2
    assert len(errors) == 1 and errors[0].startswith(f"error: {told}")


def test_in_multi_user_mode_the_namespace_is_the_one_named(kfp_server, schedule, written):
    kfp_server.state.multi_user = True
    where = ["--namespace", "team"]
    assert schedule("apply", written(nightly=NIGHTLY), *where)[0] == 0
    (made,) = kfp_server.state.recurring.values()
    assert made["namespace"] == "team"
    assert "nightly" in schedule("list", *where)[1]
    assert schedule("remove", "nightly", *where)[0] == 0
    assert kfp_server.state.recurring == {}
