"""What pods may do, who may what, and where secrets stand."""

import base64
import json
from itertools import product

import pytest
import yaml

from pipeline.placement import Profile, train_job


def pods(objects):
    """The specification of every pod that the chart starts."""
    for (kind, _), part in objects.items():
        spec = part.get("spec", {})
        if kind == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if kind in ("Job", "CronJob"):
            yield part, spec["template"]["spec"]
        elif kind == "Pod":
            yield part, spec


def test_every_pod_is_locked_up(objects):
    found = list(pods(objects))
    assert found
    for part, pod in found:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 1000
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False, part["metadata"]["name"]
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]) == {"requests", "limits"}
            writable = [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
            assert writable == ["/tmp"]


def test_jobs_end(render):
    made = render("everything")
    cron = made["CronJob", "emg-schedules"]["spec"]
    assert cron["concurrencyPolicy"] == "Forbid"
    for job in (cron["jobTemplate"]["spec"], made["Job", "emg-schedules"]["spec"]):
        assert (job["activeDeadlineSeconds"], job["backoffLimit"]) == (240, 2)
        assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_the_token_is_for_kubeflow_alone(render):
    (_, pod) = next(pods(render("everything")))
    (token,) = [volume for volume in pod["volumes"] if volume["name"] == "token"]
    (source,) = token["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "pipelines.kubeflow.org"
    (mount,) = [m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "token"]
    words = pod["containers"][0]["args"]
    path = f"{mount['mountPath']}/{source['serviceAccountToken']['path']}"
    assert words[words.index("--token-file") + 1] == path


def test_a_kubeflow_of_one_user_gets_no_token(render):
    made = render("air-gapped")
    assert [name for kind, name in made if kind == "Role"] == ["biotune-runner"]
    for _, pod in pods(made):
        assert "token" not in [volume["name"] for volume in pod["volumes"]]
        assert "--token-file" not in pod["containers"][0]["args"]


@pytest.mark.parametrize("name", ["gpu-kueue", "everything"])
def test_secrets_are_told_to_the_secret_alone(render, name):
    made = render(name)
    ((kind, _), secret), *others = sorted(made.items(), key=lambda item: item[0][0] != "Secret")
    assert kind == "Secret"
    given = {base64.b64decode(value).decode() for value in secret["data"].values()}
    assert {"AKIAEXAMPLE", "not-a-secret"} <= given
    told = json.dumps([part for _, part in others])
    assert not [value for value in given if value in told]


RUNNER = {
    ("argoproj.io", "workflowtaskresults", ""): {"create", "patch"},
    ("argoproj.io", "workflowtasksets", ""): {"list", "watch"},
    ("argoproj.io", "workflowtasksets/status", ""): {"patch"},
    ("", "pods", ""): {"get"},
    ("", "configmaps", "kfp-launcher"): {"get"},
    ("", "secrets", "mlpipeline-minio-artifact"): {"get"},
    ("pipelines.kubeflow.org", "runs", ""): {"get", "update"},
    ("pipelines.kubeflow.org", "artifacts", ""): {"create", "get", "list"},
}
SCHEDULER = {
    ("pipelines.kubeflow.org", "jobs", ""): {"list", "create", "enable", "disable", "delete"},
    ("pipelines.kubeflow.org", "runs", ""): {"list"},
    ("pipelines.kubeflow.org", "experiments", ""): {"list", "create"},
    ("", "serviceaccounts", "biotune-runner"): {"use"},
}


def granted(role):
    found = {}
    for rule in role["rules"]:
        places = product(rule["apiGroups"], rule["resources"], rule.get("resourceNames", [""]))
        for place in places:
            found.setdefault(place, set()).update(rule["verbs"])
    return found


def test_nobody_may_more_than_is_listed(render):
    made = render("minimal")
    assert granted(made["Role", "biotune-runner"]) == RUNNER
    assert granted(made["Role", "biotune-scheduler"]) == SCHEDULER


TRAINER = {
    ("trainer.kubeflow.org", "trainjobs", ""): {"create", "get", "list", "delete"},
    ("", "pods", ""): {"get", "list"},
    ("", "pods/log", ""): {"get"},
    ("argoproj.io", "workflows", ""): {"get"},
}


def test_who_trains_on_several_nodes_may_just_follow_their_job(render):
    role = render("nodes")["Role", "biotune-runner"]
    assert granted(role) == {**RUNNER, **TRAINER}


def test_an_artifact_store_without_a_secret_opens_none(render):
    made = render({"kfp": {"artifactSecret": "", "multiUser": False}})
    resources = {resource for _, resource, _ in granted(made["Role", "biotune-runner"])}
    assert resources == {
        "workflowtaskresults", "workflowtasksets", "workflowtasksets/status", "pods", "configmaps",
    }  # fmt: skip


def test_further_rules_are_added(render):
    role = render("everything")["Role", "emg-runner"]
    assert role["rules"][-1] == {"apiGroups": [""], "resources": ["pods"], "verbs": ["patch"]}


def test_nothing_comes_in_and_little_goes_out(render):
    made = render("everything")
    steps, scheduler = (
        made["NetworkPolicy", f"emg-{who}"]["spec"] for who in ("steps", "scheduler")
    )
    assert steps["podSelector"]["matchExpressions"] == [
        {"key": "pipeline/runid", "operator": "Exists"}
    ]
    for policy in (steps, scheduler):
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        assert "ingress" not in policy
        assert all(rule.get("to") and rule.get("ports") for rule in policy["egress"])

    def addresses(policy):
        peers = [peer for rule in policy["egress"] for peer in rule["to"]]
        return [peer["ipBlock"]["cidr"] for peer in peers if "ipBlock" in peer]

    assert addresses(steps) == ["10.0.0.1/32", "10.0.0.2/32", "192.0.2.0/24"]
    assert addresses(scheduler) == []


def test_nodes_reach_each_other_and_nobody_reaches_them_else(render):
    made = render("nodes")
    policy = made["NetworkPolicy", "biotune-nodes"]["spec"]
    label = policy["podSelector"]["matchLabels"]
    profile = Profile.model_validate(
        yaml.safe_load(made["ConfigMap", "biotune-profile"]["data"]["profile.yaml"])
    )
    (patch,) = train_job.manifest(profile, "x")["spec"]["runtimePatches"]
    (job,) = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    assert label.items() <= job["template"]["spec"]["template"]["metadata"]["labels"].items()
    among = [{"podSelector": {"matchLabels": label}}]
    assert policy["ingress"] == [{"from": among}]
    within, *out = policy["egress"]
    assert within == {"to": among}
    assert all(rule["to"] and rule["ports"] for rule in out)
    # They train; they don't talk to the API server.
    addresses = [peer["ipBlock"]["cidr"] for r in out for peer in r["to"] if "ipBlock" in peer]
    assert addresses == ["192.0.2.0/24"]


def test_the_policy_of_the_schedules_finds_their_pods(render):
    made = render("everything")
    wanted = made["NetworkPolicy", "emg-scheduler"]["spec"]["podSelector"]["matchLabels"]
    job = made["Job", "emg-schedules"]["spec"]["template"]
    cron = made["CronJob", "emg-schedules"]["spec"]["jobTemplate"]["spec"]["template"]
    for pod in (job, cron, made["Pod", "emg-test"]):
        assert wanted.items() <= pod["metadata"]["labels"].items()
