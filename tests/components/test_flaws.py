"""Channels without a signal are counted, and refused or masked as the configuration says."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import yaml

from components import flaws
from components.config import compose, for_step
from components.data import loader
from components.evaluate.step import run as evaluate
from components.failures import Findings, InputError
from components.finetune.step import run as finetune
from components.preflight.step import run as preflight

HOME = Path(__file__).parents[2]
DEMO, EXAMPLE = HOME / "pipeline" / "demo", HOME / "docs" / "own_model"
MASK = ("data.nonfinite_channels=mask", "data.constant_channels=mask")


@pytest.fixture
def flawed(dataset):
    """A dataset with a NaN in window 7, infinity in 9, and a channel at its limit in 2 and 3."""
    for split in ("train", "val", "test"):
        with h5py.File(dataset / f"{split}.h5", "a") as file:
            file["data"][7, 1, 3] = np.nan
            file["data"][9, 0, 0] = -np.inf
            file["data"][2:4, 1] = 5
    return dataset


def read(path, workers=0, **policy):
    batches = list(loader(path, batch_size=16, num_workers=workers, **policy))
    return torch.cat([b["input"] for b in batches]), sum(b["flaws"] for b in batches)


@pytest.mark.parametrize("workers", [0, 2])
def test_what_is_masked_is_zero_and_the_rest_as_it_was(workers, flawed):
    policy = {"nonfinite_channels": "mask", "constant_channels": "mask"}
    inputs, counts = read(flawed / "train.h5", workers, **policy)
    with h5py.File(flawed / "train.h5") as file:
        expected = file["data"][()]
    for window, channel in ((7, 1), (9, 0), (2, 1), (3, 1)):
        expected[window, channel] = 0
    np.testing.assert_array_equal(inputs, expected)
    assert counts.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0]]


def test_what_is_constant_is_kept_and_counted_unless_told(flawed):
    inputs, counts = read(flawed / "train.h5", nonfinite_channels="mask")
    assert (inputs[2:4, 1] == 5).all() and counts[1].tolist() == [0, 2, 0, 0]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({}, r"window 7 holds NaN or infinite values in channel 1; .*nonfinite_channels=mask$"),
        (
            {"nonfinite_channels": "mask", "constant_channels": "refuse"},
            r"train\.h5: window 2 is constant in channel 1; .*data\.constant_channels=mask$",
        ),
    ],
)
def test_the_first_that_is_refused_is_named(policy, said, flawed):
    with pytest.raises(InputError, match=said):
        read(flawed / "train.h5", **policy)


def test_the_largest_numbers_are_finite():
    most = np.finfo(np.float32).max
    found = flaws.find(np.array([[[-most, most], [0, np.inf], [1, np.nan]]], dtype=np.float32))
    assert found["not_finite"].tolist() == [[False, True, True]]


def test_preflight_goes_by_the_same_option(tmp_path, caplog):
    shutil.copytree(DEMO, tmp_path / "data")
    with h5py.File(tmp_path / "data" / "val.h5", "a") as file:
        stored = file["data"][()].astype(np.float32)
        stored[0, 2, 5] = np.nan
        del file["data"]
        file["data"] = stored
    given = str(DEMO / "pretrained.ckpt"), str(tmp_path / "data")
    with pytest.raises(Findings, match=r"val\.h5: window 0 holds NaN .* in channel EMG3"):
        preflight(*given, ["experiment=demo"])
    preflight(*given, ["experiment=demo", *MASK])
    assert "1 of 64 windows looked at hold NaN or infinite values, which are masked" in caplog.text


def test_training_and_test_count_and_report_them(flawed, tmp_path, monkeypatch, caplog):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    config = compose(
        [
            *(f"hydra.searchpath=[file://{EXAMPLE / 'conf'}]", "model=convnet"),
            *("model.num_channels=4", "classification_type=bc", "num_classes=2", *MASK),
            *("input_normalization.normalize=zscore", "data.batch_size=16"),
            *("trainer.max_epochs=2", "trainer.accelerator=cpu", "allow_targets=[convnet.ConvNet]"),
        ]
    )
    tuned = finetune(str(flawed), tmp_path / "model", for_step("finetune", config)).folder
    record = yaml.safe_load((tuned / "config.yaml").read_text())["provenance"]["data"]
    expected = {
        "not_finite": {"done": "mask", "windows": {"0": 1, "1": 1}},
        "constant": {"done": "mask", "windows": {"1": 2}},
    }
    assert record["val"]["flaws"] == record["train"]["flaws"] == expected
    assert "val: windows whose signal holds NaN or infinite values (masked" in caplog.text
    details = evaluate(tuned, str(flawed), tmp_path / "test", for_step("evaluate", config)).details
    assert details["data"]["test"]["flaws"] == expected
    assert "is constant (masked with 0)" in (tmp_path / "test" / "report.html").read_text()
