"""The shapes of the pipeline: its tasks, what they hand on, and what is cached."""

import pytest

from pipeline import steps
from tests.pipeline.packages import PROFILE, compiled

RESOURCES = {f"{kind}_{what}" for kind in ("cpu", "memory") for what in ("request", "limit")} | {
    "accelerator_type",
    "accelerator_count",
}


def dags(spec):
    """Every DAG by the kind of group that it is."""
    found = {"root": spec["root"]["dag"]}
    for name, component in spec["components"].items():
        if "dag" in component:
            found[name.removeprefix("comp-").rstrip("-0123456789")] = component["dag"]
    return found


def edges(dag):
    """Where each task's inputs come from: a parameter of the DAG, a constant, a task's output."""
    found = {}
    for task, node in dag["tasks"].items():
        inputs = node.get("inputs", {})
        for name, value in {**inputs.get("parameters", {}), **inputs.get("artifacts", {})}.items():
            made = value.get("taskOutputParameter") or value.get("taskOutputArtifact")
            if made:
                key = made.get("outputParameterKey") or made["outputArtifactKey"]
                source = f"{made['producerTask']}.{key}"
            elif "runtimeValue" in value:
                source = value["runtimeValue"]["constant"]
            else:
                given = value.get("componentInputParameter") or value["componentInputArtifact"]
                source = given.removeprefix("pipelinechannel--")
            if not name.startswith("pipelinechannel--") and name not in RESOURCES:
                found.setdefault(task, {})[name] = source
    return found


def test_it_is_named_biotune_and_takes_what_a_run_names(plain):
    assert plain["pipelineInfo"]["name"] == "biotune"
    parameters = plain["root"]["inputDefinitions"]["parameters"]
    required = {n: p["parameterType"] for n, p in parameters.items() if not p.get("isOptional")}
    assert required == {
        "checkpoint_uri": "STRING",
        "dataset_uri": "STRING",
        "overrides": "LIST",
    }
    assert set(parameters) - set(required) == {"manifest", "gpu_resource", "gpu_count"}


def test_each_step_gets_just_what_it_depends_on(plain):
    # Overrides reach preflight alone: a new learning rate leaves load-checkpoint's cache valid.
    assert edges(plain["root"]["dag"]) == {
        "preflight": {
            "checkpoint_uri": "checkpoint_uri",
            "dataset_uri": "dataset_uri",
            "overrides": "overrides",
            "manifest": "manifest",
        },
        "load-checkpoint": {
            "checkpoint_uri": "checkpoint_uri",
            "config": "preflight.load_checkpoint",
        },
        "finetune": {
            "dataset_uri": "dataset_uri",
            "config": "preflight.finetune",
            "backbone": "load-checkpoint.backbone",
        },
        "evaluate": {
            "dataset_uri": "dataset_uri",
            "config": "preflight.evaluate",
            "model": "finetune.model",
        },
    }


def test_several_seeds_train_and_test_side_by_side_on_one_backbone(tmp_path, monkeypatch):
    spec, _ = compiled(tmp_path, monkeypatch, seeds=(0, 5))
    found = edges(spec["root"]["dag"])
    assert [found[task]["seed"] for task in ("finetune", "finetune-2")] == [0.0, 5.0]
    assert {found[task]["backbone"] for task in ("finetune", "finetune-2")} == {
        "load-checkpoint.backbone"
    }
    assert found["evaluate-2"]["model"] == "finetune-2.model"
    inputs = spec["root"]["dag"]["tasks"]["summarize"]["inputs"]["parameters"]
    taken = [
        v["taskOutputParameter"]["producerTask"]
        for v in inputs.values()
        if "taskOutputParameter" in v
    ]
    assert sorted(taken) == ["evaluate", "evaluate-2"]
    assert sum("{{$.inputs.parameters[" in str(v) for v in inputs.values()) == 1
    names = {task: node["taskInfo"]["name"] for task, node in spec["root"]["dag"]["tasks"].items()}
    assert names["finetune-2"] == "finetune, seed 5"


@pytest.mark.parametrize(("parallelism", "waits"), [(0, []), (1, ["evaluate"]), (2, [])])
def test_no_more_seeds_at_once_than_the_profile_says(tmp_path, monkeypatch, parallelism, waits):
    profile = f"parallelism: {parallelism}"
    spec, _ = compiled(tmp_path, monkeypatch, profile, seeds=(0, 1))
    needed = spec["root"]["dag"]["tasks"]["finetune-2"]["dependentTasks"]
    assert sorted({*needed} - {"load-checkpoint", "preflight"}) == waits


def test_promotion_comes_last_and_an_unchanged_retraining_ends_before_it_costs(everything):
    spec, _ = everything
    groups = dags(spec)
    assert set(groups) == {"root", "exit-handler", "condition"}
    assert list(groups["exit-handler"]["tasks"])[-1] == "preflight"
    condition = groups["exit-handler"]["tasks"]["condition-2"]["triggerPolicy"]["condition"]
    assert condition == "inputs.parameter_values['pipelinechannel--preflight-Output'] == 'train'"
    found = edges(groups["condition"])
    assert list(found) == ["evaluate", "finetune", "load-checkpoint", "promote"]
    assert found["evaluate"]["champion_uri"] == "preflight-champion"
    assert found["promote"] == {
        "registry_uri": "registry_uri",
        "config": "preflight-promote",
        "model": "finetune.model",
        "evaluation": "evaluate.evaluation",
    }


def test_preflight_knows_the_images_since_other_images_are_other_code(everything):
    spec, _ = everything
    images = edges(dags(spec)["exit-handler"])["preflight"]["images"]
    assert "registry.example.com/biotune/biotune-finetune:7" in images
    assert "registry.example.com/biotune/biotune-evaluate:7" in images


def test_the_cache_serves_what_goes_by_slices_and_nothing_else(everything):
    spec, _ = everything
    cached = {
        name: task.get("cachingOptions", {}).get("enableCache", False)
        for dag in dags(spec).values()
        for name, task in dag["tasks"].items()
        if name in steps.STEPS
    }
    assert cached == {
        "preflight": False,
        "load-checkpoint": True,
        "finetune": True,
        "evaluate": True,
        "promote": False,
        "report-failures": False,
    }


def test_failures_are_gathered_at_the_end_whatever_happens(everything):
    spec, _ = everything
    task = spec["root"]["dag"]["tasks"]["report-failures"]
    assert task["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    assert task["dependentTasks"] == ["exit-handler-1"]


def test_evaluate_shows_its_results_on_kubeflows_pages(plain):
    artifacts = plain["components"]["comp-evaluate"]["outputDefinitions"]["artifacts"]
    assert {name: a["artifactType"]["schemaTitle"] for name, a in artifacts.items()} == {
        "metrics": "system.Metrics",
        "classification": "system.ClassificationMetrics",
        "report": "system.HTML",
        "evaluation": "system.Artifact",
    }


def test_the_same_input_gives_the_same_package(tmp_path, monkeypatch):
    first = compiled(tmp_path, monkeypatch, PROFILE, promotion=True)
    assert compiled(tmp_path, monkeypatch, PROFILE, promotion=True) == first
