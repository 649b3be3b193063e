"""The champion is tested beside the new model: same windows, its own normalisation."""

import json
import runpy
from pathlib import Path

import h5py
import pytest
import torch
import yaml
from safetensors.torch import save_file

from components import data
from components.evaluate.step import run
from components.failures import Findings, InputError
from components.registry import models, scores

made = runpy.run_path(str(Path(__file__).with_name("test_step.py")))
make_model, make_data, CONFIG = made["make_model"], made["make_data"], made["CONFIG"]


def other_model(folder, kind="ml", **config):
    """Of another architecture, with another normalisation and objective."""
    make_model(folder, kind)
    logits = made["KINDS"][kind][3]
    inputs = made["CHANNELS"] * made["SAMPLES"]
    rng = torch.Generator().manual_seed(7)
    weights = {
        "1.weight": torch.randn(5, inputs, generator=rng),
        "1.bias": torch.zeros(5),
        "2.weight": torch.randn(logits, 5, generator=rng),
        "2.bias": torch.zeros(logits),
    }
    save_file(weights, folder / "model.safetensors")
    written = yaml.safe_load((folder / "config.yaml").read_text())
    linear = {"_target_": "torch.nn.Linear"}
    written["model"]["_args_"] = [
        {"_target_": "torch.nn.Flatten"},
        linear | {"in_features": inputs, "out_features": 5},
        linear | {"in_features": 5, "out_features": logits},
    ]
    written["input_normalization"] = {"normalize": "zscore"}
    written["objective"]["label_smoothing"] = 0.2
    (folder / "config.yaml").write_text(yaml.safe_dump(written | config))
    return folder


@pytest.fixture
def registered(tmp_path):
    """Puts a model into a registry and gives its URI there."""

    def register(folder):
        unused = scores.Scores({"undefined": {}}, "", {})
        registry = str(tmp_path / "registry")
        return models.uri_of(registry, models.store(registry, folder, unused))

    return register


@pytest.fixture
def beside(tmp_path, registered):
    """Tests a model beside a champion with some configuration."""

    def test(champion=None, config=CONFIG, kind="ml", **more):
        uri = registered(champion or other_model(tmp_path / "champion", kind, **more))
        dataset = make_data(tmp_path / "data", kind)
        return run(
            make_model(tmp_path / "model", kind), str(dataset), tmp_path / "out", config,
            champion=uri,
        )  # fmt: skip

    return test


@pytest.mark.parametrize("kind", ["bc", "ml", "mc", "mmc"])
def test_both_have_the_numbers_that_each_has_alone(beside, tmp_path, kind):
    both = beside(kind=kind)
    dataset = str(tmp_path / "data")
    alone = run(tmp_path / "champion", dataset, tmp_path / "alone", CONFIG)
    new = run(tmp_path / "model", dataset, tmp_path / "new", CONFIG)
    left = json.loads((tmp_path / "out" / "champion.json").read_text())
    assert left["metrics"] == alone.metrics
    assert both.metrics == new.metrics != alone.metrics
    assert left["model"] == alone.details["evaluated"]["model"]
    assert both.details["champion"]["metrics"] == alone.details["metrics"]
    assert "champion" not in new.details and not (tmp_path / "new" / "champion.json").exists()


def test_the_windows_are_read_once(beside, monkeypatch):
    asked = []
    opened = data.opened
    monkeypatch.setattr(data, "opened", lambda source: asked.append(source) or opened(source))
    beside()
    assert len(asked) == 1


def test_the_report_holds_both_numbers_side_by_side(beside):
    done = beside()
    report = done.report.read_text()
    assert "Against the champion" in report
    difference = done.metrics["test_acc"] - done.details["champion"]["metrics"]["test_acc"]
    assert f"{abs(difference):.3f}" in report
    assert done.details["champion"]["model"][:12] in report


def test_a_report_without_a_champion_does_not_speak_of_one(tmp_path):
    dataset = make_data(tmp_path / "data", "ml")
    done = run(make_model(tmp_path / "model", "ml"), str(dataset), tmp_path / "out", CONFIG)
    assert "hampion" not in done.report.read_text()


def test_a_champion_that_was_trained_on_the_test_subjects_is_refused(beside, tmp_path):
    with pytest.raises(Findings, match=r"champion .*subjects in both val and test: S1 \(1\)"):
        beside(subjects={"train": ["x"], "val": ["S1", "y"]})
    assert not (tmp_path / "out").exists()
    allowed = CONFIG | {"allowed": CONFIG["allowed"] | {"allow_subject_overlap": True}}
    args = (tmp_path / "model", str(tmp_path / "data"), tmp_path / "out", allowed)
    uri = str(next((tmp_path / "registry" / "models").iterdir()))
    assert run(*args, champion=uri).details["champion"]["model"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"classification_type": "mc"}, "its classification_type is mc, but ml here"),
        ({"provenance": {"classes": ["a", "b", "c", "d"]}}, "its classes are a, b, c, d, but ges"),
        ({"num_outputs": 3}, "its num_outputs is 3"),
    ],
)
def test_a_champion_of_another_task_is_refused(beside, change, told):
    with pytest.raises(InputError, match=told):
        beside(**change)


def test_a_champion_that_was_changed_in_its_place_is_refused(beside, registered, tmp_path):
    uri = registered(other_model(tmp_path / "champion"))
    with open(f"{uri}/model.safetensors", "ab") as file:
        file.write(b" ")
    with pytest.raises(InputError, match=r"champion .*model\.safetensors is not the file"):
        beside(champion=tmp_path / "champion")


def test_a_champion_for_other_windows_is_told_as_the_champion(beside, registered, tmp_path):
    champion = other_model(tmp_path / "champion")
    written = yaml.safe_load((champion / "config.yaml").read_text())
    written["model"]["_args_"][1]["in_features"] = 7
    (champion / "config.yaml").write_text(yaml.safe_dump(written))
    small = {"1.weight": torch.zeros(5, 7), "1.bias": torch.zeros(5)}
    save_file(
        small | {"2.weight": torch.zeros(4, 5), "2.bias": torch.zeros(4)},
        champion / "model.safetensors",
    )
    with pytest.raises(InputError, match="the champion fails on windows"):
        beside(champion=champion)


@pytest.mark.s3
def test_a_champion_comes_from_s3(beside, s3, tmp_path):
    champion = other_model(tmp_path / "champion")
    unused = scores.Scores({"undefined": {}}, "", {})
    name = models.store(s3.uri("registry"), champion, unused)
    dataset = make_data(tmp_path / "data", "ml")
    args = (make_model(tmp_path / "model", "ml"), str(dataset), tmp_path / "out", CONFIG)
    done = run(*args, champion=models.uri_of(s3.uri("registry"), name))
    with h5py.File(dataset / "test.h5") as file:
        assert done.details["data"]["test"]["windows"] == len(file["label"])
    assert done.details["champion"]["model"] == name
