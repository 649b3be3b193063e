"""The published models, from a checkpoint as they come to a tested model, through the pipeline."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from components import encoder
from components.config import compose, resolved
from tests.made import make_dataset

DEMO = Path(__file__).parents[2] / "pipeline" / "demo"
PACKS = Path(__file__).parents[1] / "data" / "packs"
# shape of a window, shape and number of values of a label, overrides
PACKED = {
    "tinymyo": ((4, 120), (), 5, ["model=tinymyo", "classification_type=ml", "num_classes=5"]),
    "tinymyo_v2": (
        (4, 120),
        (),
        5,
        ["model=tinymyo_v2", "classification_type=ml", "num_classes=5"],
    ),
    "luna": ((22, 200), (), 4, ["model=luna_base", "classification_type=mcc", "num_classes=4"]),
    "femba": (
        (6, 160),
        (3,),
        6,
        ["model=femba_tiny", "classification_type=mmc", "num_classes=6", "num_outputs=3"],
    ),
}


def run(out, checkpoint, dataset, *overrides):
    """`biotune run` for one epoch; what it reports of loading, the tuned model and its metrics."""
    words = ["run", "--out", out, "--checkpoint", checkpoint, "--dataset", dataset, *overrides]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, words), "trainer.max_epochs=1"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads((out / "backbone" / "report.json").read_text())
    tuned = yaml.safe_load((out / "model" / "config.yaml").read_text())
    return loaded, tuned, json.loads((out / "evaluation" / "metrics.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKED)
def test_a_published_checkpoint_goes_through_the_pipeline(name, tmp_path):
    (channels, samples), label_shape, values, overrides = PACKED[name]
    sizes = json.loads((PACKS / name / "config.json").read_text())["finetune_model"]
    owned = ("num_classes", "classification_type")
    sized = [f"++model.{k}={v}" for k, v in sizes.items() if k not in owned]
    dataset = make_dataset(
        tmp_path / "data", label_shape, values, channels=channels, samples=samples
    )
    loaded, tuned, metrics = run(
        tmp_path / "out",
        PACKS / name / "pretrained.ckpt",
        dataset,
        *overrides,
        *sized,
        *("model.signal=null", "input_normalization.normalize=zscore", "data.batch_size=16"),
    )
    assert loaded["coverage"]["tensors"] == loaded["coverage"]["parameters"] == 1.0
    assert loaded["wrappers"]["model."] == len(loaded["tensors"])
    assert "must not be redistributed" in tuned["model"]["licence"]
    assert "must not be redistributed" in (tmp_path / "out/evaluation/report.html").read_text()
    assert 0 < metrics["test_loss"] < 10


@pytest.mark.slow
def test_a_tinymyo_of_the_demos_size_learns_the_demos_gestures(tmp_path):
    config = resolved(compose(["experiment=tinymyo_demo"]))
    torch.manual_seed(0)
    state = encoder.build(config["model"]).state_dict()
    checkpoint = tmp_path / "tinymyo.ckpt"
    torch.save({"state_dict": {f"model.{k}": v for k, v in state.items()}}, checkpoint)
    loaded, _, metrics = run(tmp_path / "out", checkpoint, DEMO, "experiment=tinymyo_demo")
    assert loaded["recognised"] == "TinyMyo generation 2"
    assert metrics["test_balanced_acc"] > 0.3  # chance is 0.125
