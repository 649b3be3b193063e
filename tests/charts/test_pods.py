"""What the chart's pods run, run here: the command of each against a stand-in for Kubeflow."""

import re

import pytest
from certifi import where

from pipeline import cli

# What KFP's API server asks Kubernetes for each of its operations.
ASKED = {
    "Healthz": None,
    "RecurringRun": "jobs",
    "Run": "runs",
    "Experiment": "experiments",
}
TOKEN = "a-token-of-this-pod"


@pytest.fixture
def as_pod(render, kfp_server, tmp_path, capsys):
    """Runs the container of a pod on its files; called with the pod and all objects."""

    def run(made, pod):
        for (kind, _), part in made.items():
            if kind == "ConfigMap":
                for name, text in part["data"].items():
                    (tmp_path / name).write_text(text)
        (tmp_path / "token").write_text(TOKEN)
        (container,) = pod["containers"]
        words = [word.replace("/etc/biotune/", f"{tmp_path}/") for word in container["args"]]
        here = {"--host": kfp_server.url, "--token-file": tmp_path / "token", "--ca": where()}
        for option, value in here.items():
            if option in words:
                words[words.index(option) + 1] = str(value)
        assert cli.main(words) == 0
        return capsys.readouterr().out

    kfp_server.state.multi_user = True
    kfp_server.state.namespaces = ["emg"]
    kfp_server.state.token = TOKEN
    return run


def schedules(**some):
    task = ["classification_type=mcc", "num_classes=4", "input_normalization.normalize=none"]
    usual = {"checkpoint": "s3://a/b", "dataset": "s3://a/c", "overrides": task}
    return {"schedules": {name: {**usual, **more} for name, more in some.items()}}


def active(server):
    """The recurring runs that fire."""
    runs = server.state.recurring.values()
    return [run for run in runs if run.get("status") == "ENABLED"]


def test_the_job_applies_what_the_values_say_and_unschedules_what_they_no_longer_do(
    render, as_pod, kfp_server
):
    made = render(schedules(nightly={"cron": "0 0 2 * * *"}, weekly={"every": "168h"}))
    out = as_pod(made, made["Job", "biotune-schedules"]["spec"]["template"]["spec"])
    assert re.search(r"nightly.*created", out)
    assert len(active(kfp_server)) == 2
    assert {run["service_account"] for run in active(kfp_server)} == {"biotune-runner"}
    assert {kfp_server.state.namespace(run) for run in active(kfp_server)} == {"emg"}

    listed = as_pod(made, made["Pod", "biotune-test"]["spec"])
    assert "nightly" in listed and "weekly" in listed

    fewer = render(schedules(nightly={"cron": "0 0 2 * * *"}), "--is-upgrade")
    as_pod(fewer, fewer["Job", "biotune-schedules"]["spec"]["template"]["spec"])
    none = render({}, "--is-upgrade")
    assert len(active(kfp_server)) == 1
    as_pod(none, none["Job", "biotune-schedules"]["spec"]["template"]["spec"])
    assert active(kfp_server) == []


@pytest.mark.parametrize("name", ["air-gapped", "everything"])
def test_the_cron_job_applies_what_is_in_the_values_file(render, as_pod, kfp_server, name):
    made = render(name)
    ((_, cron),) = [item for item in made.items() if item[0][0] == "CronJob"]
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    if "token" not in [volume["name"] for volume in pod["volumes"]]:
        kfp_server.state.multi_user, kfp_server.state.token = False, ""
    as_pod(made, pod)
    as_pod(made, pod)
    assert len(kfp_server.called("CreateRecurringRun")) == len(kfp_server.state.recurring)
    assert len(active(kfp_server)) == 1


def test_the_scheduler_may_all_that_its_command_does(render, as_pod, kfp_server):
    for cron in ("0 0 2 * * *", "0 0 3 * * *"):
        made = render(schedules(nightly={"cron": cron}))
        as_pod(made, made["Job", "biotune-schedules"]["spec"]["template"]["spec"])
    none = render({}, "--is-upgrade")
    as_pod(none, none["Job", "biotune-schedules"]["spec"]["template"]["spec"])

    done = {asked(request.operation) for request in kfp_server.requests} - {None}
    rules = made["Role", "biotune-scheduler"]["rules"]
    may = {
        (resource, verb)
        for rule in rules
        if rule["apiGroups"] == ["pipelines.kubeflow.org"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert done == may


def asked(operation):
    """Resource and verb of an operation such as RecurringRunService_EnableRecurringRun."""
    service, _, call = operation.partition("Service_")
    resource = ASKED[service]
    return resource and (resource, re.match(r"[A-Z][a-z]+", call).group().lower())
