"""What a step costs beside the model's own work, counted: times are measured in benchmarks/."""

import os
from collections import Counter
from importlib import resources

import h5py
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import OmegaConf

from components import encoder, objectives
from components.config import compose, for_step
from components.finetune import nonfinite, optimization
from components.finetune.step import run
from components.layout import Layout

MODELS = sorted(
    file.name.removesuffix(".yaml")
    for file in (resources.files("components.conf") / "model").iterdir()
    if file.name.endswith(".yaml")
)
WAITS = ("item", "tolist", "cpu", "numpy", "__bool__", "__int__", "__float__")
counts: Counter[str] = Counter()


@pytest.mark.parametrize("model", MODELS)
def test_there_are_few_optimizer_groups(model):
    """One for each pair of rate and weight decay, not one for each of hundreds of parameters."""
    task = ("classification_type=mcc", "num_classes=4", "input_normalization.normalize=none")
    config = OmegaConf.to_container(compose([*task, f"model={model}"]), resolve=True)
    module = encoder.build(config["model"], "meta")
    parts = Layout.from_config(config["model"]["layout"]).assign(module.state_dict())
    chosen = {"weight_decay": 0.05, "layer_decay": 0.75, "stem": "decayed", "decay_all": False}
    table = optimization.rates(module, parts, **chosen)
    made = optimization.optimizer(module, table, config["optimizer"], fused=False)
    blocks = {part for part in parts.values() if part.startswith("block")}
    assert len(made.param_groups) <= 2 * (len(blocks) + 2)  # beside them stem, and norm with head


class Counting(Callback):
    """Looks at the counts between two steps in the middle of an epoch."""

    def on_train_batch_start(self, trainer, tuner, batch, batch_idx):
        if batch_idx == 1:
            counts.clear()
        elif batch_idx == 5:
            trainer.seen = dict(counts)
            trainer.fused = [group["fused"] for group in trainer.optimizers[0].param_groups]

    def on_train_end(self, trainer, tuner):
        counts.update({f"{key} in four steps": n for key, n in trainer.seen.items()})
        counts["all groups fused"] = all(trainer.fused)


def counting(monkeypatch, owner, name, key):
    inner = getattr(owner, name)

    def counted(*arguments, **options):
        counts[key] += 1
        return inner(*arguments, **options)

    monkeypatch.setattr(owner, name, counted)


@pytest.fixture
def counted(dataset, tmp_path, monkeypatch):
    """Trains the demo's model for two epochs of twelve steps, as if on a GPU, and counts."""
    monkeypatch.setattr(nonfinite, "_seen_at_once", lambda value: False)
    for name in WAITS:
        counting(monkeypatch, torch.Tensor, name, "waits")
    counting(monkeypatch, os, "preadv", "reads")
    counting(monkeypatch, h5py.Dataset, "__getitem__", "selections")
    counting(monkeypatch, TensorBoardLogger, "log_metrics", "log writes")
    counting(monkeypatch, objectives.Objective, "scores", "metrics computed")
    config = for_step(
        "finetune",
        compose(
            [
                *("classification_type=bc", "num_classes=2", "data.batch_size=8"),
                *("model.num_channels=4", "model.num_samples=64", "model.patch_size=16"),
                *("model.signal.channels=4", "model.signal.window=64"),
                *("model.signal.sampling_rate=null", "input_normalization.normalize=zscore"),
                *("trainer.max_epochs=2", f"+callbacks.counting._target_={__name__}.Counting"),
                f"resume.uri={tmp_path / 'states'}",
            ]
        ),
    )
    run(str(dataset), tmp_path / "model", config)
    return dict(counts)  # since the second batch of the last epoch


def test_a_step_waits_for_nothing_and_reads_each_window_once(counted):
    assert counted["all groups fused"]
    assert "waits in four steps" not in counted
    assert "log writes in four steps" not in counted
    assert "metrics computed in four steps" not in counted
    assert "selections in four steps" not in counted
    assert counted["reads in four steps"] == 4 * 8
    assert counted["metrics computed"] == 2  # of train and val, at the epoch's end
