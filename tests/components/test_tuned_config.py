"""A tuned model's folder from elsewhere: nothing that its configuration names is called."""

import copy
import time

import pytest
import torch
import yaml
from safetensors.torch import save_file

from components import tuned_config
from components.config import compose, for_step, resolved
from components.encoder import build, restore
from components.failures import InputError
from components.instantiation import make

OVERRIDES = ("model=waveform_transformer", "classification_type=bc", "num_classes=2")


@pytest.fixture(scope="module")
def tuned():
    """The configuration of a small shipped model, and its weights."""
    composed = compose([*OVERRIDES, "input_normalization.normalize=zscore"])
    config = resolved(composed)
    torch.manual_seed(0)
    return config, build(config["model"]).state_dict()


@pytest.fixture
def folder(tuned, tmp_path):
    """Writes a tuned model's folder after a change to its configuration."""

    def write(change=lambda config: None, text=""):
        config, weights = copy.deepcopy(tuned[0]), tuned[1]
        change(config)
        (tmp_path / "config.yaml").write_text(text or yaml.safe_dump(config))
        save_file({name: w.clone() for name, w in weights.items()}, tmp_path / "model.safetensors")
        return tmp_path

    return write


def test_a_shipped_model_is_restored(folder):
    assert restore(folder()).network.training is False


def calls(mark):
    touch = {"_target_": "os.system", "command": f"touch {mark}"}
    return touch, {"_target_": "builtins.open", "_args_": [str(mark), "w"]}


def poisons(mark):
    touch, written = calls(mark)
    shipped = "components.models.waveform"
    return {
        "target": lambda c: c.update(model=touch),
        "nested": lambda c: c["model"].update(embed_dim=touch),
        "in a list": lambda c: c["model"].update(kernel_sizes=[[written]]),
        "partial": lambda c: c["model"].update(act=written | {"_partial_": True}),
        "argument": lambda c: c["model"].update(_args_=[written]),
        "adapter": lambda c: c["model"].update(adapter=written),
        "layout": lambda c: c["model"].update(layout={"head": written}),
        "objective": lambda c: c.update(objective=touch),
        "in the objective": lambda c: c["objective"].update(class_weights=written),
        "hydra": lambda c: c["model"].update(
            x={"_target_": "hydra.utils.instantiate", "config": written}
        ),
        "hydra's own": lambda c: c["model"].update(
            x={"_target_": "hydra._internal.utils._locate", "path": "os.system"}
        ),
        "through a module": lambda c: c["model"].update(_target_=f"{shipped}.torch.os.system"),
        "by another value": lambda c: c["model"].update(_target_="${objective.class_weights}"),
        "environment": lambda c: c["model"].update(embed_dim="${oc.env:HOME}"),
        "no text": lambda c: c["model"].update(_target_=["os.system"]),
    }


@pytest.mark.parametrize("name", poisons(""))
def test_nothing_that_a_stranger_names_is_called(name, folder, tmp_path):
    mark = tmp_path / "mark"
    place = folder(poisons(mark)[name])
    with pytest.raises(InputError, match=r"config\.yaml: (model|objective)"):
        restore(place)
    assert not mark.exists()


def test_the_poisons_are_real(tmp_path):
    make(calls(tmp_path / "mark")[1], "key")
    assert (tmp_path / "mark").exists()


def test_the_message_names_the_key_the_class_and_the_way_out(folder):
    place = folder(lambda c: c["model"].update(_target_="their.Model"))
    with pytest.raises(InputError) as caught:
        restore(place)
    said = str(caught.value)
    assert "config.yaml: model._target_=their.Model" in said
    assert "allow_targets=[their.Model]" in said


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_what_the_user_names_is_built(way, folder, monkeypatch):
    def change(config):
        config["model"] = {"_target_": "torch.nn.Identity"}

    place = folder(change)
    save_file({}, place / "model.safetensors")
    if way == "environment":
        monkeypatch.setenv("BIOTUNE_ALLOW_TARGETS", "some.Other, torch.nn.Identity")
    allow = ["torch.nn.Identity"] if way == "argument" else []
    assert isinstance(restore(place, allow=allow).network.encoder, torch.nn.Identity)


def test_evaluate_is_told_what_the_users_own_configuration_names():
    plain = for_step("evaluate", compose([*OVERRIDES, "input_normalization.normalize=zscore"]))
    assert plain["allow_targets"] == []
    own = ["model._target_=mine.Net", "allow_targets=[mine.Layer]"]
    named = compose([*OVERRIDES, "input_normalization.normalize=zscore", *own])
    assert for_step("evaluate", named)["allow_targets"] == ["mine.Layer", "mine.Net"]


LAUGHS = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
MERGES = "m0: &m0 {k: 1}\n" + "".join(
    f"m{i}: &m{i} {{<<: [{','.join([f'*m{i - 1}'] * 10)}]}}\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    "extra",
    [
        LAUGHS,
        MERGES,
        "deep: " + "[" * 5000,
        "deep: " + "{a: " * 300 + "1" + "}" * 300,
        "number: " + "1" + ":1" * 400_000,
        "number: " + "9" * 100_000,
        "self: &s [*s]",
        "python: !!python/object/apply:os.system [touch mark]",
        "x: " + "y" * 3_000_000,
        "\x00",
        "date: 9999-99-99",
    ],
    ids=lambda text: text[:12],
)
def test_yaml_that_is_a_bomb_is_refused_in_time(extra, tuned, folder):
    start = time.monotonic()
    with pytest.raises(InputError, match=r"config\.yaml"):
        restore(folder(text=yaml.safe_dump(tuned[0]) + extra))
    assert time.monotonic() - start < 10


def test_a_model_far_larger_than_its_weights_is_not_built(folder):
    place = folder(lambda c: c["model"].update(depth=10_000_000))
    with pytest.raises(InputError, match=r"model\.safetensors: holds far less than the model"):
        restore(place)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("model.signal", value) for value in (5, "x", [1], True)),
        *(("model.signal.unit", value) for value in (5, [], {"a": 1})),
        *(("model.signal.window", value) for value in ("200", -1, float("nan"), True)),
        *(("model.signal.sampling_rate", value) for value in ([200], 0, float("inf"))),
        ("model.licence", float("nan")),
        ("classification_type", []),
        ("channels", 5),
        ("channels", ["a", 1]),
        ("provenance", "x"),
        ("subjects", {"train": 5}),
        ("objective.num_classes", 10**12),
    ],
)
def test_a_value_of_another_kind_is_told_with_its_key(key, value, folder):
    def change(config):
        *way, last = key.split(".")
        for name in way:
            config = config[name]
        config[last] = value

    with pytest.raises(InputError, match=rf"config\.yaml: {key}[=:].*changed") as told:
        restore(folder(change))
    assert "\n" not in str(told.value)


def test_the_list_is_of_classes_of_the_shipped_configuration():
    assert "components.models.waveform.WaveformTransformer" in tuned_config.shipped()
    assert all(name.rpartition(".")[2][0].isupper() for name in tuned_config.shipped())
