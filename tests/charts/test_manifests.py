"""Every manifest, by real helm, against Kubernetes' own schemas."""

import jsonschema
import kubernetes_validate
import pytest

from tests.charts import kueue
from tests.charts.places import CHART, VALUES

OLDEST, NEWEST = "1.27", "1.35"


@pytest.mark.parametrize("name", VALUES)
def test_helm_finds_nothing_to_mend(helm, name):
    found = helm("lint", "--strict", CHART, "--values", VALUES[name])
    assert found.returncode == 0, found.stdout + found.stderr
    assert "WARNING" not in found.stdout


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_takes_each_manifest(objects, version):
    for (kind, _), manifest in objects.items():
        if not manifest["apiVersion"].startswith(("kueue.", "trainer.")):
            assert kubernetes_validate.validate(manifest, version, strict=True), kind


def test_kueue_takes_each_manifest(objects):
    for (kind, _), manifest in objects.items():
        if manifest["apiVersion"].startswith("kueue."):
            jsonschema.validate(manifest, kueue.SCHEMAS[kind])


def test_the_strict_schemas_would_see_a_slip(render):
    (job,) = [part for (kind, _), part in render("everything").items() if kind == "Job"]
    slipped = {**job, "spec": {**job["spec"], "backofflimit": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(slipped, NEWEST, strict=True)


def test_what_is_on_is_there_and_nothing_else(render):
    def kinds(name, *words):
        return sorted({kind for kind, _ in render(name, *words)})

    accounts = ["ConfigMap", "Pod", "Role", "RoleBinding", "ServiceAccount"]
    assert kinds("minimal") == accounts
    assert kinds("existing-secrets") == ["Job", "Pod"]
    assert kinds("air-gapped") == sorted([*accounts, "CronJob", "NetworkPolicy"])
    queues = ["ClusterQueue", "LocalQueue", "ResourceFlavor", "Secret"]
    assert kinds("gpu-kueue") == sorted([*accounts, *queues])
    nodes = ["LocalQueue", "NetworkPolicy", "PersistentVolumeClaim", "TrainingRuntime"]
    assert kinds("nodes") == sorted([*accounts, *nodes])
    everything = [*accounts, "CronJob", "Job", "LocalQueue", "NetworkPolicy"]
    everything += ["PersistentVolumeClaim", "ResourceQuota", "Secret"]
    assert kinds("everything") == sorted(everything)


def test_kueue_reads_flavors_in_the_order_of_the_resources(render):
    queue = render("gpu-kueue")["ClusterQueue", "emg-biotune"]
    (group,) = queue["spec"]["resourceGroups"]
    (flavor,) = group["flavors"]
    assert [entry["name"] for entry in flavor["resources"]] == group["coveredResources"]
    assert {entry["name"]: entry["nominalQuota"] for entry in flavor["resources"]} == {
        "cpu": "32",
        "memory": "256Gi",
        "nvidia.com/gpu": "2",
    }


def test_names_fit_for_the_longest_release(render):
    values = {
        "schedules": {"n": {"every": "12h", "checkpoint": "s3://a/b", "dataset": "s3://a/c"}},
        "scheduler": {"mode": "both"},
        "s3": {"accessKey": "a", "secretKey": "b"},
        "volumes": {"data": {"enabled": True, "size": "1Gi"}},
        "kueue": {"enabled": True, "createClusterQueue": True, "quota": {"cpu": 1}},
        "trainer": {"enabled": True, "maxRestarts": 100},
    }
    # Helm takes 53 characters, and a namespace has 63.
    made = render(values, name="a.b" + "c" * 49 + "d", namespace="n" * 63)
    for kind, name in made:
        # Kubernetes appends eleven to what a CronJob makes.
        assert len(name) <= (52 if kind == "CronJob" else 63), (kind, name)
        assert "." not in name  # which KFP could not mount a claim by
    assert len(made) > 12
