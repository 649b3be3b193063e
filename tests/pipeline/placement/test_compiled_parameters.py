"""Run-time parameters in the package: where they come from, where they go, what they cost."""

from pathlib import Path

import pytest

from pipeline import placement
from tests.pipeline.placement.nested import CHANNEL, channels, finetune

PROFILES = Path(__file__).parents[3] / "docs" / "profiles"


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


def test_only_a_changed_cpu_memory_or_gpu_changes_what_the_cache_goes_by(compiled):
    # docs/placement.md tells this: the inputs of a task are part of its cache key.
    specs = compiled(placement.load(PROFILES / "everything.yaml"))
    (step,) = specs[0]["components"]["comp-for-loop-3"]["dag"]["tasks"].values()
    inputs = {name for name in step["inputs"]["parameters"] if name.startswith(CHANNEL)}
    names = ("finetune_cpu", "finetune_memory", "gpu_count", "gpu_resource")
    assert inputs == {CHANNEL + name for name in names}
