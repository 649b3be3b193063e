"""Numbers that break end a training before they spoil it, or are left out and counted."""

import csv
import json
import sys
import types

import h5py
import lightning
import pytest
import torch
import yaml
from lightning.pytorch.plugins.precision import MixedPrecision
from safetensors.torch import load_file
from torch import nn

from components.batches import ShuffledBatches
from components.config import compose, for_step
from components.failures import Failure
from components.finetune import nonfinite
from components.finetune.step import run
from components.resume import Writer
from tests.made import make_dataset

HUGE = 3.0e30  # a window of it overflows in the model, though it is a number itself


class Overflowing(nn.Module):
    """A head behind a mean of squares, with a gradient that can be broken by itself."""

    def __init__(self, num_classes=2, gradient=False):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.head = nn.Linear(4, num_classes)
        self.gradient = gradient

    def forward(self, x):
        broken = (x.abs() > 1e20).flatten(1).any(1)
        clean = x.clamp(-10, 10).square().mean(-1)
        hidden = self.head(self.first(clean))
        if self.gradient:  # the value is one, its gradient is not
            zero = (self.first.weight.sum() * 0) ** (1 - 0.5 * broken.any().float())
            return hidden + (zero if self.training else 0)
        factor = torch.where(broken & self.training, float("inf"), 1.0)
        return hidden * factor[:, None]


@pytest.fixture
def tune(tmp_path, monkeypatch):
    module = types.ModuleType("overflowing")
    module.Overflowing = Overflowing
    monkeypatch.setitem(sys.modules, "overflowing", module)
    data = make_dataset(tmp_path / "data")
    with h5py.File(data / "train.h5", "a") as file:
        file["data"][7] = HUGE

    def tuned(*overrides, name="model", gradient=False):
        composed = compose(
            [
                *("classification_type=bc", "num_classes=2", "layerwise_lr_decay=1"),
                *("input_normalization.normalize=none", "data.batch_size=16"),
                *("trainer.max_epochs=2", "trainer.accelerator=cpu", *overrides),
            ]
        )
        config = json.loads(json.dumps(for_step("finetune", composed)))
        config["model"] = {
            "_target_": "overflowing.Overflowing",
            "num_classes": 2,
            "gradient": gradient,
            "layout": {"stem": "first", "head": "head"},
        }
        return run(str(data), tmp_path / name, config).folder

    return tuned


def place_of(window, epoch, seed=0):
    batches = ShuffledBatches(96, 16, seed).batches(epoch).tolist()
    number = next(n for n, batch in enumerate(batches) if window in batch)
    return number, batches[number]


@pytest.mark.parametrize("gradient", [False, True])
@pytest.mark.parametrize("looks", [1, 1000])
def test_it_stops_and_names_step_rates_and_windows(gradient, looks, tune, monkeypatch):
    if looks > 1:  # as on a GPU, whose answers are waited for now and then
        monkeypatch.setattr(nonfinite, "_seen_at_once", lambda value: False)
    number, windows = place_of(7, 0)
    with pytest.raises(Failure) as caught:
        tune(gradient=gradient)
    message = str(caught.value)
    what = "gradient" if gradient else "loss"
    assert f"the {what} is not finite at step {number} (epoch 1, batch {number + 1}; " in message
    assert f"windows {', '.join(map(str, windows))})" in message
    assert "learning rates" in message and "nonfinite=skip" in message and "\n" not in message


def test_the_last_good_state_is_kept(tune, tmp_path, monkeypatch):
    monkeypatch.setattr(Writer, "busy", property(Writer.wait))  # each is written before the next
    states = tmp_path / "states"
    with pytest.raises(Failure, match="not finite"):
        tune(f"resume.uri={states}", "resume.every=0s", "seed=3")
    number, _ = place_of(7, 0, seed=3)
    (latest,) = states.glob("*/latest.json")
    kept = json.loads(latest.read_text())["states"]
    assert number > 1 and kept[0]["position"]["batch"] == number


@pytest.mark.parametrize("gradient", [False, True])
def test_such_batches_are_left_out_and_counted(gradient, tune):
    folder = tune("nonfinite=skip", gradient=gradient)
    weights = load_file(folder / "model.safetensors")
    assert all(torch.isfinite(value).all() for value in weights.values())
    record = yaml.safe_load((folder / "config.yaml").read_text())
    assert record["provenance"]["skipped_steps"] == 2
    with (folder / "history.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["skipped_steps"] for row in rows] == ["1", "1"]
    assert all(float(row["train_loss"]) < 10 for row in rows)


def test_what_a_scaler_leaves_out_is_counted(tune, monkeypatch):
    made = lightning.Trainer

    def scaling(**settings):  # 16-mixed, which Lightning has on a GPU alone
        scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
        del settings["precision"]
        return made(**settings, plugins=[MixedPrecision("16-mixed", "cpu", scaler)])

    monkeypatch.setattr(lightning, "Trainer", scaling)
    folder = tune("nonfinite=skip", "trainer.precision=16-mixed")
    record = yaml.safe_load((folder / "config.yaml").read_text())
    assert record["provenance"]["skipped_steps"] == 2


def test_where_all_is_well_the_bytes_are_the_same(tmp_path, tune):
    with h5py.File(tmp_path / "data" / "train.h5", "a") as file:
        file["data"][7] = 1.0
    stop = tune(name="stop")
    skip = tune("nonfinite=skip", name="skip")
    assert (stop / "model.safetensors").read_bytes() == (skip / "model.safetensors").read_bytes()
    assert "skipped" not in (stop / "config.yaml").read_text()
