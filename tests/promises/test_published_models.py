"""The published models, from a checkpoint as they come to a tested model.

One goes through the pipeline; the others' steps are called one by one, which costs no new process.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from components import encoder
from components.__main__ import main
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


def piped(out, checkpoint, dataset, *overrides):
    """`biotune run`."""
    words = ["run", "--out", out, "--checkpoint", checkpoint, "--dataset", dataset, *overrides]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, words)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def stepped(out, checkpoint, dataset, *overrides):
    """The commands of its steps."""
    backbone, model, evaluation = (out / name for name in ("backbone", "model", "evaluation"))
    source, data = ("--checkpoint", checkpoint), ("--dataset", dataset)
    for step, *given in (
        ("preflight", *source, *data),
        ("load-checkpoint", *source, "--output", backbone),
        ("finetune", "--backbone", backbone, *data, "--output", model),
        ("evaluate", "--model", model, *data, "--output", evaluation),
    ):
        assert main([step, *map(str, given), *overrides]) == 0


def run(way, out, *given):
    """One epoch; what is reported of loading, the tuned model and its metrics."""
    way(out, *given, "trainer.max_epochs=1")
    loaded = json.loads((out / "backbone" / "report.json").read_text())
    tuned = yaml.safe_load((out / "model" / "config.yaml").read_text())
    return loaded, tuned, json.loads((out / "evaluation" / "metrics.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKED)
def test_a_published_checkpoint_becomes_a_tested_model(name, tmp_path):
    (channels, samples), label_shape, values, overrides = PACKED[name]
    sizes = json.loads((PACKS / name / "config.json").read_text())["finetune_model"]
    owned = ("num_classes", "classification_type")
    sized = [f"++model.{k}={v}" for k, v in sizes.items() if k not in owned]
    dataset = make_dataset(
        tmp_path / "data", label_shape, values, channels=channels, samples=samples
    )
    loaded, tuned, metrics = run(
        piped if name == "femba" else stepped,  # whose labels have the most dimensions
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
    loaded, _, metrics = run(stepped, tmp_path / "out", checkpoint, DEMO, "experiment=tinymyo_demo")
    assert loaded["recognised"] == "TinyMyo generation 2"
    assert metrics["test_balanced_acc"] > 0.3  # chance is 0.125
