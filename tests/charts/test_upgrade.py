"""An upgrade changes nothing that Kubernetes lets nobody change, and deletes no data."""

import json
import shutil

import pytest
import yaml

from tests.charts.places import CHART

NEW = {
    "commonLabels": {"example.com/team": "emg"},
    "imagePullSecrets": ["registry-credentials"],
    "profile": {"images": {"registry": "registry.example.com/biotune", "tag": "9.9.9"}},
    "scheduler": {"mode": "both", "cron": "0 * * * *", "retries": 5},
    "resourceQuota": {"enabled": True, "hard": {"pods": 100}},
}
ON = {
    "scheduler": {"mode": "both"},
    "schedules": {"n": {"every": "12h", "checkpoint": "s3://a/b", "dataset": "s3://a/c"}},
    "volumes": {
        "data": {"enabled": True, "size": "1Gi"},
        "cache": {"enabled": True, "size": "1Gi"},
    },
    "networkPolicy": {"enabled": True, "kubernetes": {"cidrs": ["10.0.0.1/32"]}},
    "kueue": {"enabled": True, "clusterQueue": "team"},
    "trainer": {"enabled": True},
}


def immutable(made):
    """What Kubernetes (or Kueue) refuses to change in place, of each object that outlives one."""
    found = {}
    for (kind, name), part in made.items():
        if "helm.sh/hook" in part["metadata"].get("annotations", {}):
            continue  # deleted first, and made anew
        if kind == "PersistentVolumeClaim":
            found[kind, name] = part["spec"]
        elif kind == "RoleBinding":
            found[kind, name] = part["roleRef"]
        elif kind == "LocalQueue":
            found[kind, name] = part["spec"]["clusterQueue"]
        elif kind == "TrainingRuntime":
            of_set = part["spec"]["template"]["spec"]
            found[kind, name] = {key: of_set.get(key) for key in ("failurePolicy", "network")}
        elif kind == "Secret":
            found[kind, name] = part["type"]
        else:
            assert kind in MUTABLE, f"{kind}: what of it can be changed?"
            found[kind, name] = None
    return found


MUTABLE = {
    "ConfigMap", "CronJob", "NetworkPolicy", "ResourceQuota", "Role", "ServiceAccount",
}  # fmt: skip


@pytest.fixture
def newer(tmp_path):
    """The chart, a version later."""
    copy = shutil.copytree(CHART, tmp_path / "biotune")
    file = copy / "Chart.yaml"
    file.write_text(file.read_text().replace("0.1.0", "9.9.9"))
    return copy


def test_nothing_immutable_changes(render, newer):
    before = immutable(render(ON))
    merged = {**NEW, **ON, "scheduler": NEW["scheduler"]}
    after = immutable(render(merged, "--is-upgrade", chart=newer))
    assert {key: after.get(key) for key in before} == before


def test_a_runtime_of_other_restarts_is_another_since_none_can_be_changed(render):
    def runtime(restarts):
        made = render({**ON, "trainer": {"enabled": True, "maxRestarts": restarts}})
        (name,) = [name for kind, name in made if kind == "TrainingRuntime"]
        return name

    assert runtime(0) != runtime(3) == runtime(3)


def test_selectors_and_pods_know_no_version(render, newer):
    def spec(chart):
        made = render(ON, chart=chart)
        policies = [
            made["NetworkPolicy", f"biotune-{who}"]["spec"]["podSelector"]
            for who in ("steps", "scheduler")
        ]
        pod = made["CronJob", "biotune-schedules"]["spec"]["jobTemplate"]["spec"]["template"]
        return policies, pod["metadata"]

    assert json.dumps(spec(CHART)) == json.dumps(spec(newer))
    assert "9.9.9" in json.dumps(list(render(ON, chart=newer).values()))


def test_helm_leaves_claims_alone(render):
    made = render(ON)
    claims = [part for (kind, _), part in made.items() if kind == "PersistentVolumeClaim"]
    assert len(claims) == 2
    for claim in claims:
        assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_each_upgrade_makes_its_own_job(render):
    annotations = render(ON)["Job", "biotune-schedules"]["metadata"]["annotations"]
    assert annotations["helm.sh/hook"] == "post-install,post-upgrade"
    assert annotations["helm.sh/hook-delete-policy"] == "before-hook-creation"


def test_schedules_that_were_taken_out_are_unscheduled_by_the_upgrade(render):
    assert ("Job", "biotune-schedules") not in render({})
    assert ("Job", "biotune-schedules") in render({}, "--is-upgrade")
    off = {"scheduler": {"mode": "none"}}
    assert ("Job", "biotune-schedules") not in render(off, "--is-upgrade")


def test_taking_all_schedules_out_leaves_a_file_that_says_so(render):
    made = render(ON, "--is-upgrade", "--set", "schedules=null", "--set", "profile=null")
    described = yaml.safe_load(made["ConfigMap", "biotune-schedules"]["data"]["schedules.yaml"])
    assert described["schedules"] == {}
