"""What can come up in a training, on a small net of the test's own."""

import csv
import json
import logging
import math
import signal
import sys
import types

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from components.encoder import restore
from components.failures import Failure, InputError
from components.finetune import optimization
from components.finetune.step import run
from tests.made import make_dataset


class Net(nn.Module):
    """A head alone behind a mean, that does on the side what the test wants."""

    def __init__(self, num_classes=2, quirk=""):
        super().__init__()
        if quirk == "construction":
            assert num_classes == 0, "no class is welcome"
        self.first = nn.Linear(4, 4, bias=False)
        self.second = nn.Linear(4, 4, bias=False)
        if quirk == "tied":
            self.second.weight = self.first.weight
        self.head = nn.Linear(4, num_classes)
        self.quirk = quirk

    def forward(self, x):
        if self.quirk == "assertion":
            raise AssertionError
        if self.quirk == "interrupt" and self.training:
            raise KeyboardInterrupt
        if self.quirk == "memory" and self.training:
            raise torch.OutOfMemoryError("tried to allocate 2 GiB")
        logits = self.head(self.second(self.first(x.std(-1))))
        return {"logits": logits} if self.quirk == "dictionary" else logits


@pytest.fixture
def tune(dataset, tmp_path, monkeypatch):
    """Tunes the net, with changes to the configuration by dotted keys."""
    module = types.ModuleType("quirks")
    module.Net = Net
    monkeypatch.setitem(sys.modules, "quirks", module)

    def tuned(*overrides, quirk="", data=dataset):
        from components.config import compose, for_step

        composed = compose(
            [
                *("classification_type=bc", "num_classes=2", "layerwise_lr_decay=1"),
                *("input_normalization.normalize=none", "data.batch_size=16"),
                *("trainer.max_epochs=2", "trainer.accelerator=cpu", *overrides),
            ]
        )
        config = json.loads(json.dumps(for_step("finetune", composed)))
        config["model"] = {
            "_target_": "quirks.Net",
            "num_classes": 2,
            "quirk": quirk,
            "layout": {"stem": "first|second", "head": "head"},
        }
        return run(str(data), tmp_path / "model", config).folder

    return tuned


def history(folder):
    with (folder / "history.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_tied_weights_are_kept(tune):
    folder = tune(quirk="tied")
    saved = load_file(folder / "model.safetensors")
    assert torch.equal(saved["first.weight"], saved["second.weight"])
    assert restore(folder, allow=["quirks.Net"]).network(torch.zeros(1, 4, 64)).shape == (1, 2)


@pytest.mark.parametrize(
    ("text", "expected"), [("a: [", "is no YAML"), ("a: 1", "is not that of a tuned model")]
)
def test_a_tuned_model_with_a_spoilt_configuration_is_refused(tune, text, expected):
    folder = tune("trainer.max_epochs=1")
    (folder / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=f"config.yaml: {expected}"):
        restore(folder)


@pytest.mark.parametrize("precision", ["bf16-true", "bf16-mixed", "64-true"])
def test_a_frozen_backbone_is_the_same_in_every_precision(tune, precision):
    folder = tune("freeze_backbone=true", f"trainer.precision={precision}")
    assert torch.isfinite(load_file(folder / "model.safetensors")["head.weight"]).all()


@pytest.mark.parametrize(
    ("quirk", "expected"),
    [
        ("construction", "AssertionError at test_training.py"),
        ("assertion", "cannot take windows of 4 channels and 64 samples (AssertionError)"),
        ("dictionary", "returns a dict; it must return a tensor"),
        ("memory", "out of memory on the device with data.batch_size=16; try data.batch_size=8"),
    ],
)
def test_what_a_users_model_does_wrong_is_told_in_one_line(tune, quirk, expected):
    with pytest.raises(Failure) as caught:
        tune(quirk=quirk)
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_an_interrupt_stays_one_and_leaves_nothing(tune, tmp_path):
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            tune(quirk="interrupt")
    finally:
        signal.signal(signal.SIGINT, before)  # Lightning has turned it off
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    "overrides",
    [
        ["callbacks.best.monitor=val_auroc"],
        ["callbacks=early_stopping", "callbacks.early_stopping.monitor=val_auroc"],
        ["scheduler=plateau", "scheduler.monitor=val_auroc", "+scheduler.mode=max"],
    ],
)
def test_what_is_undefined_can_choose_no_epoch(tune, tmp_path, overrides):
    import h5py

    data = make_dataset(tmp_path / "one")
    with h5py.File(data / "val.h5", "a") as file:
        file["label"][...] = 0
    with pytest.raises(InputError, match=r"monitor=val_auroc: undefined on the val split \("):
        tune(*overrides, data=data)


def test_a_training_that_only_time_would_end_has_no_share_for_a_warm_up(tune):
    endless = ("trainer.max_epochs=-1", "trainer.max_time=00:00:00:01")
    with pytest.raises(InputError, match=r"warmup_t=10 %: the training has no known length"):
        tune(*endless)


def test_a_training_that_takes_no_step_leaves_no_model(tune, tmp_path):
    with pytest.raises(Failure, match=r"before its first step; is trainer\.max_time=00:00:00:00 "):
        tune("trainer.max_time=00:00:00:00")
    assert not (tmp_path / "model").exists()


def test_nothing_but_epochs_can_be_logged(tune):
    assert len(history(tune("trainer.log_every_n_steps=0"))) == 2


def test_time_can_end_a_training_without_a_warm_up(tune):
    endless = ("trainer.max_epochs=-1", "trainer.max_time=00:00:00:01")
    assert history(tune(*endless, "scheduler=constant"))


@pytest.mark.parametrize("epochs", ["20", "-1", "null"])
def test_a_warm_up_in_epochs_is_epochs_however_the_training_ends(tune, monkeypatch, epochs):
    """Twelve steps are two epochs of six, whatever trainer.max_epochs says."""
    found = {}
    original = optimization.make
    monkeypatch.setattr(
        optimization, "make", lambda node, *a, **k: found.update(node) or original(node, *a, **k)
    )
    tune(f"trainer.max_epochs={epochs}", "trainer.max_steps=12", "scheduler.warmup_t='1 epoch'")
    assert (found["warmup_t"], found["t_initial"]) == (6, 6)


def test_the_rates_that_lightning_applies_are_those_of_the_formula(tune, monkeypatch):
    """At every update, with accumulated gradients and an epoch that they do not divide."""
    applied = []
    original = optimization.optimizer

    def watched(*args, **kwargs):
        made = original(*args, **kwargs)
        made.register_step_pre_hook(lambda made, *_: applied.append(made.param_groups[0]["lr"]))
        return made

    monkeypatch.setattr(optimization, "optimizer", watched)
    batches = ("trainer.limit_train_batches=5", "trainer.accumulate_grad_batches=2")
    tune(*batches, "optimizer.lr=0.01", "trainer.max_epochs=4", "scheduler.warmup_t='1 epoch'")
    low, high, warm_up, steps = 1e-6, 0.01, 3, 12
    warm = [low + step * (high - low) / warm_up for step in range(warm_up)]
    turns = [math.pi * step / (steps - warm_up) for step in range(steps - warm_up)]
    assert applied == pytest.approx(
        warm + [low + (high - low) * (1 + math.cos(turn)) / 2 for turn in turns]
    )


def test_a_warm_up_longer_than_the_training_is_told(tune, caplog):
    with caplog.at_level(logging.WARNING, "biotune"):
        tune("scheduler.warmup_t='50 epochs'")
    assert "the training ends within the warm-up of 300" in caplog.text


def test_without_a_keeper_the_last_step_is_taken(tune, caplog):
    with caplog.at_level(logging.WARNING, "biotune"):
        folder = tune("callbacks.best=null")
    assert "the model is that of the last step" in caplog.text
    assert not list(folder.rglob("*.ckpt"))


def test_a_sanity_check_leaves_nothing_in_the_history(tune):
    sane = ("trainer.num_sanity_val_steps=1", "trainer.check_val_every_n_epoch=2")
    first, second = history(tune(*sane))
    assert first["val_loss"] == "" and second["val_loss"] != ""
