"""Fine-tuning as a user runs it: on files, through the step's `run`."""

import csv
import json
import os
import sys
from pathlib import Path

import h5py
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from components import config as configuration
from components.encoder import restore
from components.failures import Failure, Findings, InputError
from components.finetune.step import run
from tests.made import make_dataset

EXAMPLE = Path(__file__).parents[3] / "docs" / "own_model"
TYPES = {
    "bc": ((), 2, ["num_classes=2"]),
    "mcc": ((), 3, ["num_classes=3"]),
    "ml": ((), 3, ["num_classes=3"]),
    "mc": ((3,), 2, ["num_classes=3"]),
    "mmc": ((2,), 3, ["num_classes=3", "num_outputs=2"]),
}


@pytest.fixture(autouse=True)
def example(monkeypatch):
    """The folder of the documented example is on the import path, as its user puts it there."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLE), prepend=os.pathsep)
    yield
    sys.modules.pop("convnet", None)


def piece(*overrides, kind="bc"):
    composed = configuration.compose(
        [
            f"hydra.searchpath=[file://{EXAMPLE / 'conf'}]",
            *("model=convnet", "model.num_channels=4"),
            *("input_normalization.normalize=none", f"classification_type={kind}"),
            *TYPES[kind][2],
            *("trainer.max_epochs=2", "trainer.accelerator=cpu", "data.batch_size=16"),
            *overrides,
        ]
    )
    return configuration.for_step("finetune", composed)


def tuned(dataset, output, *overrides, kind="bc", **more):
    run(str(dataset), output, piece(*overrides, kind=kind), **more)
    return load_file(output / "model.safetensors")


@pytest.mark.parametrize("kind", TYPES)
def test_the_documented_example_learns_in_every_classification_type(kind, tmp_path):
    shape, values, _ = TYPES[kind]
    dataset = make_dataset(tmp_path / "data", shape, values)
    tuned(dataset, tmp_path / "model", kind=kind)
    restored = restore(tmp_path / "model", allow=["convnet.convnet"])
    assert restored.config["classification_type"] == kind
    logits = restored.network(torch.zeros(5, 4, 64))
    assert logits.shape == (5, restored.config["num_logits"])
    with (tmp_path / "model" / "history.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert float(rows[1]["train_loss"]) < float(rows[0]["train_loss"])
    assert {"val_auroc", "train_auroc", "val_balanced_acc"} <= rows[0].keys()


def test_the_folder_holds_what_it_should_and_nothing_else(dataset, tmp_path):
    tuned(dataset, tmp_path / "out" / "model")
    found = {p.relative_to(tmp_path / "out").parts[:2] for p in (tmp_path / "out").rglob("*")}
    names = ("model.safetensors", "config.yaml", "learning_rates.csv", "history.csv")
    folders = ("checkpoints", "tensorboard")
    assert found == {("model",), *(("model", name) for name in (*names, *folders))}


def test_a_frozen_backbone_keeps_every_byte_batch_norm_included(dataset, tmp_path):
    with h5py.File(dataset / "train.h5", "a") as file:
        file.attrs["conversion"] = '{"window": 1}'
    frozen = tuned(dataset, tmp_path / "frozen", "freeze_backbone=true")
    start = tuned(dataset, tmp_path / "start", "freeze_backbone=true", "optimizer.lr=1e-30")
    moved = tuned(dataset, tmp_path / "moved")
    backbone = [name for name in start if not name.startswith("8.")]
    assert any("running_var" in name for name in backbone)
    for name in backbone:
        assert torch.equal(frozen[name], start[name]), name
        assert not torch.equal(moved[name], start[name]), name
    assert not torch.equal(frozen["8.weight"], start["8.weight"])
    with (tmp_path / "frozen" / "learning_rates.csv").open() as stream:
        rows = {row["parameter"]: row for row in csv.DictReader(stream)}
    assert rows["0.weight"]["frozen"] == "True" and rows["0.weight"]["lr"] == "0.0"
    assert rows["8.weight"]["frozen"] == "False"
    record = yaml.safe_load((tmp_path / "frozen" / "config.yaml").read_text())
    digest = record["provenance"]["backbone_digest"]
    assert digest["before"] == digest["after"]
    assert record["provenance"]["conversion"] == '{"window": 1}'


def test_a_frozen_backbone_that_is_not_filled_is_refused(dataset, tmp_path):
    backbone = tmp_path / "backbone"
    backbone.mkdir()
    save_file({}, backbone / "backbone.safetensors")
    facts = {"source": "a.pt", "fingerprint": "", "coverage": {"tensors": 0.5}}
    (backbone / "report.json").write_text(json.dumps(facts | {"missing": ["0.weight"]}))
    with pytest.raises(InputError, match=r"freeze_backbone=true: would keep .* \(0\.weight\)"):
        tuned(dataset, tmp_path / "model", "freeze_backbone=true", backbone=backbone)


def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_workers(dataset, tmp_path):
    none = tuned(dataset, tmp_path / "none")
    two = tuned(dataset, tmp_path / "two", "data.num_workers=2")
    other = tuned(dataset, tmp_path / "other", "seed=1")
    for name, value in none.items():
        assert torch.equal(value, two[name]), name
    assert not torch.equal(none["8.weight"], other["8.weight"])


@pytest.mark.slow
def test_two_processes_agree_with_one_on_the_same_global_batches(tmp_path):
    """Layer norm and no dropout: what one process computes, two can compute in halves."""
    dataset = make_dataset(tmp_path / "data")
    plain = (
        "model=waveform_transformer",
        *("model.num_samples=64", "model.patch_size=16", "model.embed_dim=16", "model.depth=2"),
        *("model.dropout=0", "model.signal=null"),
    )
    one = tuned(dataset, tmp_path / "one", *plain, "data.batch_size=32")
    two = tuned(dataset, tmp_path / "two", *plain, "data.batch_size=16", "trainer.devices=2")
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=0, atol=1e-5)
    histories = [(tmp_path / run / "history.csv").read_text() for run in ("one", "two")]
    first, second = ([float(v) for v in h.split()[-1].split(",")] for h in histories)
    assert first == pytest.approx(second, abs=1e-4)


@pytest.mark.slow
def test_a_failure_in_a_process_of_several_keeps_its_message_and_kind(dataset, tmp_path):
    with pytest.raises(InputError, match="cannot take windows of 4 channels"):
        tuned(dataset, tmp_path / "model", "model.num_channels=5", "trainer.devices=2")
    assert not (tmp_path / "model").exists()


def test_mixed_precision_goes_with_clipping(dataset, tmp_path):
    precise = ("trainer.precision=bf16-mixed", "trainer.gradient_clip_val=1.0")
    assert tuned(dataset, tmp_path / "model", *precise)


def test_class_weights_come_from_the_train_split(dataset, tmp_path):
    tuned(dataset, tmp_path / "model", "objective.class_weights=balanced")
    record = yaml.safe_load((tmp_path / "model" / "config.yaml").read_text())
    weights = record["objective"]["class_weights"]
    assert len(weights) == 2 and sum(1 / w for w in weights) == pytest.approx(2)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["model.num_channels=3"], "cannot take windows of 4 channels and 64 samples"),
        (["model.nonsense=3", "model._target_=convnet.convnet"], "nonsense"),
        (["model._target_=nowhere.Net"], "model._target_=nowhere.Net: cannot be imported"),
        (["model.num_classes=7"], "needs (1, 2)"),
        (["data.batch_size=97"], "data.batch_size=97"),
        (["trainer.precision=12"], "trainer: "),
        (["trainer.num_nodes=2"], "trainer.num_nodes=2"),
        (["model.layout.blocks=null"], "layout"),
        (["callbacks.best.monitor=val_nonsense"], "val_nonsense"),
    ],
)
def test_wrong_input_is_told_and_leaves_nothing(overrides, expected, dataset, tmp_path):
    overrides = [f"+{o}" if o.startswith("model.nonsense") else o for o in overrides]
    with pytest.raises(Failure) as caught:
        tuned(dataset, tmp_path / "out" / "model", *overrides)
    assert expected in str(caught.value) and "\n" not in str(caught.value)
    left = list((tmp_path / "out").iterdir()) if (tmp_path / "out").exists() else []
    assert left == []


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_window_is_named_also_from_a_worker(workers, dataset, tmp_path):
    with h5py.File(dataset / "val.h5", "a") as file:
        file["data"][3] = float("inf")
    with pytest.raises(InputError, match=r"^\S+val.h5: window 3 holds NaN .*channels=mask$"):
        tuned(dataset, tmp_path / "model", f"data.num_workers={workers}")


def test_labels_and_subjects_are_checked_without_preflight_too(tmp_path):
    dataset = make_dataset(tmp_path / "data", values=3)
    with h5py.File(dataset / "val.h5", "a") as file:
        file["subject"][0] = "train0"
    with pytest.raises(Findings) as caught:
        tuned(dataset, tmp_path / "model")
    assert "labels run from 0 to 2" in str(caught.value)
    assert "both train and val: train0" in str(caught.value)


def test_a_backbone_that_is_not_the_models_is_refused(dataset, tmp_path):
    backbone = tmp_path / "backbone"
    backbone.mkdir()
    save_file({"0.weight": torch.zeros(1)}, backbone / "backbone.safetensors")
    report = '{"missing": [], "coverage": {}, "source": "x", "fingerprint": "y"}'
    (backbone / "report.json").write_text(report)
    with pytest.raises(InputError, match="does not fit the configured model"):
        tuned(dataset, tmp_path / "model", backbone=backbone)
