import pytest
import yaml
from kfp import compiler

from pipeline import dag


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    compiler.Compiler().compile(dag.pipeline(dag.images()), str(tmp_path / "biotune.yaml"))
    return yaml.safe_load((tmp_path / "biotune.yaml").read_text())


def tasks(spec):
    return spec["root"]["dag"]["tasks"]


def sources(task):
    """Where a task's inputs come from: a pipeline parameter, or a task's output."""
    inputs = task["inputs"]
    found = {}
    for name, value in {**inputs.get("parameters", {}), **inputs.get("artifacts", {})}.items():
        made = value.get("taskOutputParameter") or value.get("taskOutputArtifact")
        if made:
            key = made.get("outputParameterKey") or made["outputArtifactKey"]
            found[name] = f"{made['producerTask']}.{key}"
        else:
            found[name] = value["componentInputParameter"]
    return found


def test_it_is_named_biotune_and_takes_what_a_run_names(spec):
    assert spec["pipelineInfo"]["name"] == "biotune"
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert {name: p["parameterType"] for name, p in parameters.items()} == {
        "checkpoint_uri": "STRING",
        "dataset_uri": "STRING",
        "overrides": "LIST",
        "manifest": "STRING",
    }
    assert parameters["manifest"]["isOptional"]


def test_each_step_gets_just_what_it_depends_on(spec):
    # Overrides reach preflight alone: a new learning rate leaves load-checkpoint's cache valid.
    assert {name: sources(task) for name, task in tasks(spec).items()} == {
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


def test_preflight_always_looks_again(spec):
    cached = {
        name: task["cachingOptions"].get("enableCache", False) for name, task in tasks(spec).items()
    }
    assert cached == {
        "preflight": False,
        "load-checkpoint": True,
        "finetune": True,
        "evaluate": True,
    }


def test_evaluate_shows_its_results_on_kubeflows_pages(spec):
    artifacts = spec["components"]["comp-evaluate"]["outputDefinitions"]["artifacts"]
    assert {name: a["artifactType"]["schemaTitle"] for name, a in artifacts.items()} == {
        "metrics": "system.Metrics",
        "classification": "system.ClassificationMetrics",
        "report": "system.HTML",
        "evaluation": "system.Artifact",
    }


def test_each_step_runs_in_its_image_as_it_is_and_carries_no_secret(spec):
    executors = spec["deploymentSpec"]["executors"]
    for step, image in dag.images().items():
        container = executors[f"exec-{step}"]["container"]
        assert container["image"] == image
        assert "env" not in container
        assert "pip install" not in " ".join(container["command"])
    assert "hush-hush" not in yaml.safe_dump(spec)
