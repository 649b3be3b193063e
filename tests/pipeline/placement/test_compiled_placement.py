"""A placed pipeline, as KFP's own compiler writes it."""

import inspect
from pathlib import Path

import pytest
import yaml
from kfp import compiler, dsl

from pipeline import placement

PROFILES = Path(__file__).parents[3] / "docs" / "profiles"
CHANNEL = "pipelinechannel--"


@dsl.component(base_image="x", install_kfp_package=False)
def work(seed: int = 0) -> str:
    return "train"


@dsl.component(base_image="x", install_kfp_package=False)
def report():
    pass


def nested(profile):
    """A step in an exit handler, a condition and a loop, as the deepest of ours is."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    seeds = inspect.Parameter("seeds", kind, annotation=list[int])
    signature = inspect.Signature([seeds, *placement.parameters(profile)])

    def nest(*values):
        given = dict(zip(signature.parameters, values, strict=True))

        def placed(task, step):
            placement.place(task, step, profile, given)
            return task.set_display_name(step)

        with dsl.ExitHandler(placed(report(), "report-failures")):
            checked = placed(work(), "preflight")
            with dsl.If(checked.output == "train"), dsl.ParallelFor(given["seeds"]) as seed:
                placed(work(seed=seed), "finetune")

    nest.__signature__ = signature
    return dsl.pipeline(name="nested")(nest)


@pytest.fixture
def compiled(tmp_path):
    """The specs of a pipeline with the profile, and of its platform."""

    def compile_(profile):
        if isinstance(profile, str):
            (tmp_path / "profile.yaml").write_text(profile)
            profile = placement.load(tmp_path / "profile.yaml")
        compiler.Compiler().compile(nested(profile), str(tmp_path / "nested.yaml"))
        return list(yaml.safe_load_all((tmp_path / "nested.yaml").read_text()))

    return compile_


def finetune(specs):
    """What stands in the package of the step in the loop: container, and platform."""
    spec, *platform = specs
    name = "exec-work-2"
    container = spec["deploymentSpec"]["executors"][name]["container"]
    if not platform:
        return container, {}
    executors = platform[0]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return container, executors[name]


def channels(part):
    """Every parameter that a part of a spec refers to."""
    if isinstance(part, dict):
        own = [part["componentInputParameter"]] if "componentInputParameter" in part else []
        return own + [name for value in part.values() for name in channels(value)]
    return [name for item in part for name in channels(item)] if isinstance(part, list) else []


def test_what_each_key_becomes(compiled):
    everything = placement.load(PROFILES / "everything.yaml")
    container, platform = finetune(compiled(everything))
    cpu = "{{$.inputs.parameters['pipelinechannel--finetune_cpu']}}"
    memory = "{{$.inputs.parameters['pipelinechannel--finetune_memory']}}"
    assert container["resources"] == {
        "resourceCpuLimit": cpu,
        "resourceCpuRequest": cpu,
        "resourceMemoryLimit": memory,
        "resourceMemoryRequest": memory,
        "accelerator": {
            "resourceType": "{{$.inputs.parameters['pipelinechannel--gpu_resource']}}",
            "resourceCount": "{{$.inputs.parameters['pipelinechannel--gpu_count']}}",
        },
    }
    assert {e["name"]: e["value"] for e in container["env"]} == {
        "OMP_NUM_THREADS": "8",
        "BIOTUNE_RUNS": "s3://bucket/biotune/runs",
        "AWS_ENDPOINT_URL": "https://s3.example.com",
        "AWS_REGION": "us-east-1",
    }

    def given(name):
        return {"componentInputParameter": f"{CHANNEL}{name}"}

    assert platform == {
        "activeDeadlineSeconds": "86400",
        "emptyDirMounts": [
            {
                "volumeName": "biotune-shm",
                "mountPath": "/dev/shm",
                "medium": "Memory",
                "sizeLimit": "16Gi",
            },
            {"volumeName": "biotune-tmp", "mountPath": "/tmp", "sizeLimit": "50Gi"},
        ],
        "fieldPathAsEnv": [
            {"name": "BIOTUNE_RUN", "fieldPath": "metadata.labels['pipeline/runid']"},
            {"name": "BIOTUNE_POD", "fieldPath": "metadata.name"},
        ],
        "imagePullPolicy": "IfNotPresent",
        "imagePullSecret": [{"secretNameParameter": given("pull_secret")}],
        "nodeAffinity": [{"nodeAffinityJson": given("finetune_node_affinity")}],
        "nodeSelector": {"nodeSelectorJson": given("finetune_node_selector")},
        "podMetadata": {"labels": {"kueue.x-k8s.io/queue-name": "biotune"}},
        "pvcMount": [
            {"mountPath": path, "pvcNameParameter": given(name), **given(name)}
            for name, path in (("data_claim", "/data"), ("cache_claim", "/cache"))
        ],
        "secretAsEnv": [
            {
                "keyToEnv": [
                    {"secretKey": "id", "envVar": "AWS_ACCESS_KEY_ID"},
                    {"secretKey": "secret", "envVar": "AWS_SECRET_ACCESS_KEY"},
                    {"secretKey": "token", "envVar": "AWS_SESSION_TOKEN"},
                ],
                "optional": False,
                "secretNameParameter": given("s3_secret"),
            },
            {
                "keyToEnv": [{"secretKey": "token", "envVar": "MLFLOW_TRACKING_TOKEN"}],
                "optional": False,
                "secretNameParameter": given("secret_mlflow_tracking_token"),
            },
        ],
        "securityContext": {"runAsUser": "1000", "runAsGroup": "1000", "runAsNonRoot": True},
        "tolerations": [{"tolerationJson": given("finetune_tolerations")}],
    }


def test_a_run_time_parameter_reaches_the_step_through_every_group(compiled):
    # KFP leaves out those in resource limits, unless told; the run then fails in the cluster.
    spec, platform = compiled(placement.load(PROFILES / "everything.yaml"))
    groups = ("comp-exit-handler-1", "comp-condition-2", "comp-for-loop-3")
    above = spec["root"]["inputDefinitions"]["parameters"]
    for group in groups:
        component = spec["components"][group]
        (task,) = (
            t
            for graph in [spec["root"], *spec["components"].values()]
            for t in graph.get("dag", {}).get("tasks", {}).values()
            if t["componentRef"]["name"] == group
        )
        assert {n for n in channels(task["inputs"]) if "seeds-loop" not in n} <= above.keys()
        above = component["inputDefinitions"]["parameters"]
    (step,) = (t for t in component["dag"]["tasks"].values())
    used = channels(step["inputs"]) + channels(finetune([spec, platform])[1])
    assert set(used) <= above.keys()
    wanted = {"finetune_cpu", "finetune_memory", "gpu_count", "gpu_resource", "data_claim"}
    assert {CHANNEL + name for name in wanted} <= set(used)


def test_the_parameters_have_the_profiles_values_for_defaults(compiled):
    spec, _ = compiled(placement.load(PROFILES / "everything.yaml"))
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    required = parameters.pop("seeds")
    assert not required.get("isOptional")
    assert all(parameter["isOptional"] for parameter in parameters.values())
    defaults = {name: parameter["defaultValue"] for name, parameter in parameters.items()}
    assert defaults["gpu_count"] == "2"
    assert defaults["evaluate_gpu_count"] == "1"
    assert defaults["memory"] == "8Gi"
    assert defaults["finetune_memory"] == "64Gi"
    assert defaults["node_selector"] == {"example.com/pool": "cpu"}
    assert defaults["finetune_tolerations"][1]["tolerationSeconds"] == 60
    assert {parameters[n]["parameterType"] for n in ("cpu", "gpu_count")} == {"STRING"}


def test_without_run_time_parameters_all_of_it_is_in_the_package(compiled):
    text = (PROFILES / "everything.yaml").read_text()
    specs = compiled(text.replace("runtime_parameters: true", "runtime_parameters: false"))
    container, platform = finetune(specs)
    assert list(specs[0]["root"]["inputDefinitions"]["parameters"]) == ["seeds"]
    assert not channels(platform)
    # The fields that backends before 2.5 read, beside the new ones.
    assert container["resources"]["cpuLimit"] == 8.0
    assert container["resources"]["memoryLimit"] == pytest.approx(64 * 2**30 / 1e9)
    assert container["resources"]["accelerator"]["count"] == "2"
    assert platform["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {
            "key": "spot",
            "operator": "Equal",
            "value": "true",
            "effect": "NoExecute",
            "tolerationSeconds": "60",
        },
    ]
    assert platform["secretAsEnv"][0]["secretName"] == "biotune-s3"
    assert platform["imagePullSecret"][0]["secretName"] == "registry-credentials"
    assert platform["pvcMount"][0]["constant"] == "biotune-data"
    selector = platform["nodeSelector"]["nodeSelectorJson"]["runtimeValue"]["constant"]
    assert selector == {"example.com/pool": "gpu"}


def test_no_gpu_leaves_no_accelerator(compiled):
    container, _ = finetune(compiled(placement.load(PROFILES / "cpu.yaml")))
    assert "accelerator" not in container["resources"]


def test_nothing_said_leaves_a_gpu_and_the_runs_identity_alone(compiled):
    container, platform = finetune(compiled("{}"))
    assert list(container["resources"]) == ["accelerator"]
    assert "env" not in container
    assert list(platform) == ["fieldPathAsEnv"]


def test_only_a_changed_cpu_memory_or_gpu_changes_what_the_cache_goes_by(compiled):
    # docs/placement.md tells this: the inputs of a task are part of its cache key.
    specs = compiled(placement.load(PROFILES / "everything.yaml"))
    (step,) = specs[0]["components"]["comp-for-loop-3"]["dag"]["tasks"].values()
    inputs = {name for name in step["inputs"]["parameters"] if name.startswith(CHANNEL)}
    names = ("finetune_cpu", "finetune_memory", "gpu_count", "gpu_resource")
    assert inputs == {CHANNEL + name for name in names}


def test_retries_wait_as_told(compiled):
    spec, _ = compiled(placement.load(PROFILES / "everything.yaml"))
    (step,) = spec["components"]["comp-for-loop-3"]["dag"]["tasks"].values()
    assert step["retryPolicy"] == {
        "maxRetryCount": 2,
        "backoffDuration": "30s",
        "backoffFactor": 2.0,
        "backoffMaxDuration": "600s",
    }
