"""`biotune schedule` from its command line to the fake server, with the real package."""

import json

import pytest

from pipeline import package
from pipeline.schedule import marker
from pipeline.schedule.cluster import Cluster

NIGHTLY = {"cron": "0 0 2 * * MON-FRI"}


def applied(schedule, path, *words):
    """The words for each name."""
    code, out, errors = schedule("apply", path, "--json", *words)
    assert (code, errors) == (0, [])
    return {one["name"]: one["result"] for one in json.loads(out)["schedules"]}


def only(kfp_server):
    """The one recurring run that there is."""
    (found,) = kfp_server.state.recurring.values()
    return found


def test_a_schedule_becomes_a_recurring_run_with_all_that_it_says(kfp_server, schedule, written):
    times = {"start": "2026-12-01T01:00:00+01:00", "end": "2027-12-01T00:00:00Z"}
    path = written(nightly={**NIGHTLY, **times, "concurrency": 2, "registry": "s3://models/reg"})
    assert applied(schedule, path) == {"nightly": "created"}
    made = only(kfp_server)
    assert made["display_name"] == "nightly"
    assert (made["mode"], made["no_catchup"], made["max_concurrency"]) == ("ENABLE", True, "2")
    assert made["trigger"] == {
        "cron_schedule": {
            "cron": "0 0 2 * * MON-FRI",
            "start_time": "2026-12-01T00:00:00+00:00",
            "end_time": "2027-12-01T00:00:00+00:00",
        }
    }
    parameters = made["runtime_config"]["parameters"]
    assert parameters["checkpoint_uri"] == "s3://models/last.ckpt"
    assert parameters["registry_uri"] == "s3://models/reg"
    mark = marker.read(made["description"])
    assert (mark.owner, mark.name, mark.generation) == ("emg-team", "nightly", 1)
    (experiment,) = kfp_server.state.experiments.values()
    assert experiment["display_name"] == "biotune"


def test_every_becomes_an_interval(kfp_server, schedule, written):
    applied(schedule, written(often={"every": "12h", "catchup": True, "paused": True}))
    made = only(kfp_server)
    assert made["trigger"] == {"periodic_schedule": {"interval_second": "43200"}}
    assert (made["mode"], made["no_catchup"]) == ("DISABLE", False)


def test_a_second_apply_only_looks(kfp_server, schedule, written):
    path = written(nightly=NIGHTLY, weekly={"cron": "@weekly"})
    applied(schedule, path)
    kfp_server.requests.clear()
    assert applied(schedule, path) == {"nightly": "unchanged", "weekly": "unchanged"}
    assert {request.method for request in kfp_server.requests} == {"GET"}


@pytest.mark.parametrize(
    "keys",
    [
        {"cron": "0 0 3 * * *"},
        {**NIGHTLY, "overrides": ["experiment=demo", "optimizer.lr=1e-5"]},
        {**NIGHTLY, "concurrency": 2},
        {**NIGHTLY, "catchup": True},
        {**NIGHTLY, "end": "2030-01-01T00:00:00Z"},
        {**NIGHTLY, "dataset": "s3://data/other"},
        {**NIGHTLY, "seeds": [1, 2]},
        {**NIGHTLY, "registry": "s3://models/registry"},
    ],
)
def test_whatever_changes_makes_another_recurring_run(kfp_server, schedule, written, keys):
    applied(schedule, written(nightly=NIGHTLY))
    before = only(kfp_server)["recurring_run_id"]
    assert applied(schedule, written(nightly=keys)) == {"nightly": "replaced"}
    now = only(kfp_server)
    assert (now["recurring_run_id"] != before, now["mode"]) == (True, "ENABLE")


def test_the_profile_s_content_counts_and_not_its_name(kfp_server, schedule, written, tmp_path):
    (tmp_path / "one.yaml").write_text("service_account: tuner\n")
    (tmp_path / "two.yaml").write_text("# the same\nservice_account: tuner\n")
    applied(schedule, written(nightly={**NIGHTLY, "profile": "one.yaml"}))
    assert only(kfp_server)["service_account"] == "tuner"
    path = written(nightly={**NIGHTLY, "profile": "two.yaml"})
    assert applied(schedule, path) == {"nightly": "unchanged"}
    (tmp_path / "two.yaml").write_text("service_account: tuner\nsteps: {finetune: {cpu: '3'}}\n")
    assert applied(schedule, path) == {"nightly": "replaced"}


def test_the_file_is_the_truth_about_pauses(kfp_server, schedule, written):
    applied(schedule, written(nightly=NIGHTLY))
    assert applied(schedule, written(nightly={**NIGHTLY, "paused": True})) == {"nightly": "paused"}
    assert only(kfp_server)["mode"] == "DISABLE"
    assert applied(schedule, written(nightly=NIGHTLY)) == {"nightly": "resumed"}
    assert schedule("pause", "nightly")[0] == 0
    assert applied(schedule, written(nightly=NIGHTLY)) == {"nightly": "resumed"}


def test_a_run_that_is_triggered_as_its_schedule_goes_is_not_killed(
    kfp_server, schedule, written, monkeypatch
):
    """A schedule may fire between the look at what is in flight and its deletion."""
    applied(schedule, written(nightly=NIGHTLY))
    old = only(kfp_server)["recurring_run_id"]
    monkeypatch.setattr(Cluster, "in_flight", lambda *_: kfp_server.trigger(old) and 0)
    assert applied(schedule, written(nightly={"cron": "@daily"})) == {"nightly": "replaced"}
    assert old not in kfp_server.state.recurring
    assert len(kfp_server.state.runs) == 1 and kfp_server.state.killed == []


def test_what_runs_is_not_killed_by_a_change_or_a_removal(kfp_server, schedule, written):
    applied(schedule, written(nightly=NIGHTLY))
    run = kfp_server.trigger(only(kfp_server)["recurring_run_id"])
    code, out, _ = schedule("apply", written(nightly={"cron": "@daily"}))
    assert code == 0
    assert "a former one is disabled; the next apply deletes it" in " ".join(out.split())
    assert sorted(r["mode"] for r in kfp_server.state.recurring.values()) == ["DISABLE", "ENABLE"]
    assert applied(schedule, written()) == {"nightly": "pruned"}
    assert [r["mode"] for r in kfp_server.state.recurring.values()] == ["DISABLE"]
    kfp_server.finish(run["run_id"], "SUCCEEDED")
    assert applied(schedule, written()) == {"nightly": "pruned"}
    assert kfp_server.state.recurring == {}
    assert kfp_server.state.killed == []


def test_a_dry_run_says_all_and_does_nothing(kfp_server, schedule, written):
    applied(schedule, written(a=NIGHTLY, b=NIGHTLY))
    kfp_server.requests.clear()
    path = written(b={"cron": "@daily"}, c=NIGHTLY)
    expected = {"b": "replaced", "c": "created", "a": "pruned"}
    assert applied(schedule, path, "--dry-run") == expected
    assert {request.method for request in kfp_server.requests} == {"GET"}
    assert applied(schedule, path) == expected


def test_the_next_three_firings_are_shown_with_the_clock_s_caveat(schedule, written):
    path = written(nightly=NIGHTLY, halted={**NIGHTLY, "paused": True})
    _, out, _ = schedule("apply", path, "--dry-run")
    assert out.count(" 02:00:00") == 3
    assert "paused" in out and "Times are UTC" in out and "would come of" in out
    _, out, _ = schedule("apply", path, "--json")
    rows = {one["name"]: one for one in json.loads(out)["schedules"]}
    assert len(rows["nightly"]["next"]) == 3
    assert rows["halted"]["next"] == []


def test_a_wrong_schedule_is_told_with_its_name_before_anything_is_sent(
    kfp_server, schedule, written
):
    path = written(
        good=NIGHTLY,
        bad={**NIGHTLY, "overrides": ["optimizer.lrr=1"]},
        local={**NIGHTLY, "dataset": "data/emg", "parameters": {"gpu_cnt": "1"}},
    )
    code, out, errors = schedule("apply", path)
    assert (code, out) == (2, "")
    assert all(f"{path}: schedules." in line for line in errors)
    told = " ".join(errors)
    assert "schedules.bad: " in told and "schedules.local: dataset=data/emg" in told
    assert "gpu_cnt" in told and "schedules.good" not in told
    assert kfp_server.requests == []


def test_a_wrong_profile_is_told_once_for_all_that_name_it(schedule, written, tmp_path):
    (tmp_path / "gpu.yaml").write_text("gpu: {count: -1}\n")
    named = {**NIGHTLY, "profile": "gpu.yaml"}
    code, _, errors = schedule("apply", written(a=named, b=named, c=NIGHTLY))
    assert code == 2
    assert len(errors) == 1 and "schedules.a, schedules.b: " in errors[0]
    assert "gpu.count=-1" in errors[0]


def test_each_shape_of_pipeline_is_compiled_once(schedule, written, monkeypatch):
    compiled = []
    write = package.write
    monkeypatch.setattr(
        package, "write", lambda file, **shape: (compiled.append(shape), write(file, **shape))
    )
    applied(
        schedule, written(a=NIGHTLY, b={"cron": "@daily"}, c={**NIGHTLY, "registry": "s3://m/r"})
    )
    assert len(compiled) == 2


def test_one_that_kubeflow_refuses_keeps_none_of_the_others(kfp_server, schedule, written):
    kfp_server.fail(400, operation="CreateRecurringRun", times=1, message="no quota")
    code, out, errors = schedule("apply", written(a=NIGHTLY, b=NIGHTLY), "--json")
    assert code == 2
    assert len(errors) == 1 and errors[0].startswith("error: a: ") and "no quota" in errors[0]
    assert [one["name"] for one in json.loads(out)["schedules"]] == ["b"]


@pytest.mark.parametrize("verb", ["apply", "list", "pause", "resume", "remove"])
def test_an_unreachable_cluster_is_one_line(verb, schedule, written):
    what = {"apply": [written(a=NIGHTLY)], "list": []}.get(verb, ["nightly"])
    code, _, errors = schedule(verb, *what, host="http://127.0.0.1:9")
    assert code == 1
    assert len(errors) == 1 and "cannot be reached" in errors[0]


@pytest.mark.parametrize("verb", ["apply", "list", "pause", "resume", "remove"])
def test_help_has_an_example(verb, schedule):
    code, out, _ = schedule(verb, "--help", host="")
    assert code == 0 and f"biotune schedule {verb}" in out
