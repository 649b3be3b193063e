"""The judge of what we make for Kubeflow Trainer: it must know every rule, and catch every slip."""

from copy import deepcopy

import pytest

from tests.crd_rules import IMMUTABLE, RULES
from tests.crds import FILES, defaulted, errors, schema

JOB = {
    "apiVersion": "trainer.kubeflow.org/v1alpha1",
    "kind": "TrainJob",
    "metadata": {"name": "job", "labels": {"kueue.x-k8s.io/queue-name": "gpus"}},
    "spec": {
        "runtimeRef": {"name": "torch-distributed"},
        "trainer": {
            "numNodes": 2,
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "resourcesPerNode": {"limits": {"cpu": 2, "memory": "8Gi"}},
        },
        "runtimePatches": [{"manager": "m", "time": "2026-01-01T00:00:00Z"}],
    },
}
# What is set where, and a word of the answer.
BROKEN = {
    "unknown key": ("spec.trainer.replicas", 2, "replicas"),
    "unknown key of an open-looking mapping": ("spec.trainer.resourcesPerNode.x", {}, "'x'"),
    "unknown key of metadata": ("metadata.label", {}, "label"),
    "wrong type": ("spec.trainer.numNodes", "2", "integer"),
    "truth for a number": ("spec.trainer.numNodes", True, "integer"),
    "null": ("spec.suspend", None, "boolean"),
    "below the least": ("spec.activeDeadlineSeconds", 0, "minimum"),
    "above int32": ("spec.trainer.numNodes", 2**31, "int32"),
    "no quantity": ("spec.trainer.resourcesPerNode.limits.cpu", "two", "match"),
    "a quantity with a newline": ("spec.trainer.resourcesPerNode.limits.cpu", "2\n", "match"),
    "too long": ("spec.trainer.image", "i" * 501, "spec.trainer.image"),
    "required": ("spec.runtimeRef", {}, "'name' is a required"),
    "no time": ("spec.runtimePatches.0.time", "yesterday", "date-time"),
    "a name twice in a list": ("spec.trainer.env.1.name", "A", "twice"),
    "a rule on a number": ("spec.trainer.numProcPerNode", 0, "1"),
    "a rule on the name": ("metadata.name", "4nodes", "RFC 1035"),
    "a rule on the manager": ("spec.managedBy", "me", "managedBy"),
    "a label's value": ("metadata.labels.a", "not one", "match"),
    "a label's key": ("metadata.labels.not one", "a", "match"),
    "another version": ("apiVersion", "trainer.kubeflow.org/v2", "v1alpha1"),
}


def test_a_right_job_is_taken():
    assert errors(JOB) == []


@pytest.mark.parametrize("path, value, told", BROKEN.values(), ids=BROKEN)
def test_a_broken_job_is_refused(path, value, told):
    broken = deepcopy(JOB)
    *above, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    at = broken
    for key in above:
        at = at[key]
    at[last] = value
    found = errors(broken)
    assert found and any(told in line for line in found), found


def test_defaults_are_filled_in_as_the_server_does():
    assert defaulted(JOB)["spec"]["runtimeRef"] == {
        "apiGroup": "trainer.kubeflow.org",
        "kind": "ClusterTrainingRuntime",
        "name": "torch-distributed",
    }


@pytest.mark.parametrize("kind", FILES)
def test_every_rule_of_the_schema_is_known(kind):
    assert set(_rules(schema(kind))) <= {*RULES, IMMUTABLE}


def _rules(part):
    if isinstance(part, list):
        return [rule for item in part for rule in _rules(item)]
    if not isinstance(part, dict):
        return []
    own = [" ".join(each["rule"].split()) for each in part.get("x-kubernetes-validations", ())]
    return own + [rule for below in part.values() for rule in _rules(below)]
