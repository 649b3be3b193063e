"""Objects name objects that are there: made in the same release, or said to exist."""

import pytest
import yaml

from tests.charts.places import CHART, VALUES

KINDS = {
    "configMap": "ConfigMap",
    "secretName": "Secret",
    "serviceAccountName": "ServiceAccount",
    "imagePullSecrets": "Secret",
}
# What a values file says to be there already; KFP's own are not the chart's.
EXISTING = {
    "existing-secrets": {
        ("ConfigMap", "our-profile"), ("ConfigMap", "our-schedules"), ("ConfigMap", "our-ca"),
        ("ServiceAccount", "default-editor-schedules"), ("Secret", "registry-credentials"),
    },
    "air-gapped": {("Secret", "registry-credentials")},
    "everything": {
        ("Secret", "registry-credentials"), ("Secret", "mirror-credentials"),
        ("ConfigMap", "our-ca"),
    },
}  # fmt: skip


def named(part, key=""):
    """Each object that a manifest names, as kind and name."""
    if isinstance(part, list):
        for entry in part:
            if key == "imagePullSecrets":
                yield KINDS[key], entry["name"]
            else:
                yield from named(entry, key)
    elif isinstance(part, dict):
        if key == "configMap":
            yield "ConfigMap", part["name"]
        if part.get("kind") == "ServiceAccount" and key == "subjects":
            yield "ServiceAccount", part["name"]
        if key == "roleRef":
            yield part["kind"], part["name"]
        for inner, value in part.items():
            yield from named(value, inner)
    elif key in ("secretName", "serviceAccountName"):
        yield KINDS[key], part


@pytest.mark.parametrize("name", VALUES)
def test_what_is_named_is_there(render, name):
    made = render(name, "--is-upgrade")
    wanted = {reference for part in made.values() for reference in named(part)}
    assert wanted - set(made) == EXISTING.get(name, set())


@pytest.mark.parametrize("name", sorted(set(VALUES) - {"existing-secrets"}))
def test_the_profile_names_what_the_chart_made(render, name):
    made = render(name)
    given = yaml.safe_load(VALUES[name].read_text())
    (text,) = [part["data"]["profile.yaml"] for part in made.values() if _holds(part, "profile")]
    profile = yaml.safe_load(text)
    assert ("ServiceAccount", profile["service_account"]) in made
    if "kueue" in given:
        assert ("LocalQueue", profile["kueue"]["queue"]) in made
    if given.get("trainer"):
        assert ("TrainingRuntime", profile["train_job"]["runtime"]["name"]) in made
    if given.get("s3", {}).get("accessKey"):
        assert ("Secret", profile["s3"]["secret"]) in made
    for which in given.get("volumes", {}):
        assert ("PersistentVolumeClaim", profile["volumes"][which]["claim"]) in made
    pulled = profile.get("images", {}).get("pull_secrets", [])
    assert pulled == given.get("imagePullSecrets", [])


def test_the_secret_has_the_keys_that_the_steps_look_for(render):
    keys = {"access_key": "id", "secret_key": "key"}
    made = render(
        {
            "profile": {"s3": {"keys": keys, "secret": "biotune-s3"}},
            "s3": {"accessKey": "a", "secretKey": "b", "sessionToken": "c"},
        }
    )
    keys = yaml.safe_load(made["ConfigMap", "biotune-profile"]["data"]["profile.yaml"])["s3"][
        "keys"
    ]
    assert keys == {"access_key": "id", "secret_key": "key", "session_token": "AWS_SESSION_TOKEN"}
    assert set(made["Secret", "biotune-s3"]["data"]) == set(keys.values())


def test_the_client_comes_from_where_the_steps_do(render):
    def image(values):
        pod = render(values)["Pod", "biotune-test"]
        return pod["spec"]["containers"][0]["image"]

    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    assert image("gpu-kueue") == f"registry.example.com/biotune/biotune:{version}"
    assert image("air-gapped") == "registry.example.com:5000/mirror/biotune/biotune:0.1.0-site2"
    assert image("minimal") == f"biotune:{version}"
    assert (
        image({"scheduler": {"image": "registry.example.com/own:1"}})
        == "registry.example.com/own:1"
    )


def _holds(part, name):
    return part["kind"] == "ConfigMap" and f"{name}.yaml" in part["data"]
