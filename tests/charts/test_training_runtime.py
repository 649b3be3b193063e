"""The chart's TrainingRuntime, and the TrainJobs of its profiles, by Trainer's own CRDs."""

from copy import deepcopy

import kubernetes_validate
import pytest
import yaml

from pipeline import placement
from pipeline.placement import train_job
from tests.charts.places import VALUES
from tests.crds import errors
from tests.pipeline.placement.profiles import on_nodes

OWN = sorted(set(VALUES) - {"existing-secrets"})


@pytest.fixture
def runtime(render):
    return deepcopy(render("nodes")["TrainingRuntime", "biotune-torch-5"])


@pytest.mark.parametrize("name", OWN)
def test_trainer_takes_runtime_and_job_of_every_profile_of_the_chart(render, name):
    values = yaml.safe_load(VALUES[name].read_text())
    made = render({**values, "trainer": {"enabled": True}})
    (runtime,) = [part for (kind, _), part in made.items() if kind == "TrainingRuntime"]
    assert errors(runtime) == []
    (file,) = [name for kind, name in made if kind == "ConfigMap" and name.endswith("-profile")]
    profile = on_nodes(yaml.safe_load(made["ConfigMap", file]["data"]["profile.yaml"]))
    image = placement.images(profile)["finetune"]
    job = train_job.manifest(profile, image)
    job["metadata"]["name"] = "biotune-1"
    assert errors(job) == []
    named = {"kind": "TrainingRuntime", "name": runtime["metadata"]["name"]}
    assert job["spec"]["runtimeRef"].items() >= named.items()
    assert container(runtime)["image"] == image


def test_a_runtime_of_the_clusters_may_serve_in_its_place(render):
    named = {"kind": "ClusterTrainingRuntime", "name": "torch-distributed"}
    values = {"profile": {"train_job": {"runtime": named}}}
    made = render({**values, "trainer": {"enabled": True, "createRuntime": False}})
    assert "TrainingRuntime" not in {kind for kind, _ in made}
    profile = yaml.safe_load(made["ConfigMap", "biotune-profile"]["data"]["profile.yaml"])
    assert profile["train_job"] == {"runtime": named}


def job_of(runtime):
    (job,) = runtime["spec"]["template"]["spec"]["replicatedJobs"]
    return job


def container(runtime):
    (container,) = job_of(runtime)["template"]["spec"]["template"]["spec"]["containers"]
    return container


def test_job_and_container_are_those_that_trainer_and_a_profile_look_for(runtime):
    job = job_of(runtime)
    assert job["name"] == container(runtime)["name"] == train_job.NODE
    labels = job["template"]["metadata"]["labels"]
    assert labels["trainer.kubeflow.org/trainjob-ancestor-step"] == "trainer"
    assert list(runtime["spec"]["mlPolicy"]) == ["numNodes", "torch"]
    assert container(runtime)["imagePullPolicy"] == "Always"  # which a TrainJob can't say


def test_its_pods_are_ones_that_kubernetes_takes(runtime):
    spec = job_of(runtime)["template"]["spec"]
    manifest = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "node"}, "spec": spec}
    assert kubernetes_validate.validate(manifest, "1.35", strict=True)


def test_all_nodes_start_again_but_not_on_wrong_input_or_for_nobody(runtime):
    job = job_of(runtime)["template"]["spec"]
    (rule,) = job["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [2, 3])
    assert job["backoffLimit"] == 0  # a node alone can't come back into the group
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # what such a policy asks for
    policy = runtime["spec"]["template"]["spec"]["failurePolicy"]
    assert policy["maxRestarts"] == 5
    assert [(rule["action"], rule["onJobFailureReasons"]) for rule in policy["rules"]] == [
        ("FailJobSet", ["PodFailurePolicy"])
    ]


SET = ("spec", "template", "spec")
JOB = (*SET, "replicatedJobs", 0, "template", "spec")
POD = (*JOB, "template", "spec")
CONTAINER = (*POD, "containers", 0)
BROKEN = {
    "two policies": (("spec", "mlPolicy", "mpi"), {}),
    "processes, as before 2.3": (("spec", "mlPolicy", "torch", "numProcPerNode"), "auto"),
    "nodes as text": (("spec", "mlPolicy", "numNodes"), "4"),
    "a policy beside the spec": (("mlPolicy",), {"torch": {}}),
    "restarts as text": ((*SET, "failurePolicy", "maxRestarts"), "3"),
    "an unknown strategy": ((*SET, "failurePolicy", "restartStrategy"), "Restart"),
    "a rule without a name": ((*SET, "failurePolicy", "rules", 0), {"action": "FailJobSet"}),
    "an unknown action": ((*SET, "failurePolicy", "rules", 0, "action"), "Fail"),
    "a job without a name": ((*SET, "replicatedJobs", 0), {"template": {"spec": {}}}),
    "a job twice": ((*SET, "replicatedJobs"), [{"name": "node", "template": {}}] * 2),
    "a pod without containers": (POD, {"restartPolicy": "Never"}),
    "no name of a container": (CONTAINER, {"image": "x"}),
    "a slip in a pod": ((*POD, "automountServiceAcountToken"), False),
    "a slip in a container": ((*CONTAINER, "imagePullPolice"), "Always"),
    "an exit code as text": (
        (*JOB, "podFailurePolicy", "rules", 0, "onExitCodes", "values"),
        ["2"],
    ),
    "capabilities in one piece": ((*CONTAINER, "securityContext", "capabilities", "drop"), "ALL"),
    "a label with a blank": (("metadata", "labels", "a"), "b c"),
}


@pytest.mark.parametrize("where, value", BROKEN.values(), ids=BROKEN)
def test_a_slip_would_be_caught(runtime, where, value):
    at = runtime
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = value
    assert errors(runtime)
