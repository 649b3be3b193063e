"""The real pipeline from end to end, on a small model of the user's own and made-up data."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from components import __main__ as command
from components import config, encoder
from pipeline import cli
from tests.made import make_dataset

HOME = Path(__file__).parents[2]
EXAMPLE = HOME / "docs" / "own_model"
OVERRIDES = [
    f"hydra.searchpath=[file://{EXAMPLE / 'conf'}]",
    *("model=convnet", "model.num_channels=4", "classification_type=bc", "num_classes=2"),
    *("input_normalization.normalize=zscore", "trainer.accelerator=cpu", "trainer.max_epochs=2"),
    *("data.batch_size=16", "seed=7"),
]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of the pipeline: its folder, with the checkpoint and the data it was made of."""
    folder = tmp_path_factory.mktemp("whole")
    make_dataset(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLE))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HOME), str(EXAMPLE)]))
        patch.chdir(folder)
        _pretrained(folder / "pretrained.ckpt")
        uris = ["--checkpoint", "pretrained.ckpt", "--dataset", "data"]
        assert cli.main(["run", *uris, "--out", "run", *OVERRIDES]) == 0
        yield folder
    sys.modules.pop("convnet", None)


def _pretrained(file):
    torch.manual_seed(1)
    model = config.resolved(config.compose(OVERRIDES))["model"]
    weights = encoder.build(model, "cpu").state_dict()
    torch.save({"state_dict": {f"model.{name}": w for name, w in weights.items()}}, file)


def step(folder, name, *arguments, here=False):
    words = [name, *arguments, *OVERRIDES]
    if here:
        assert command.main(words) == 0
    else:
        subprocess.run([sys.executable, "-m", "components", *words], cwd=folder, check=True)


def test_it_leaves_numbers_and_a_report(made):
    assert sorted(p.name for p in (made / "run").iterdir()) == ["backbone", "evaluation", "model"]
    metrics = json.loads((made / "run/evaluation/metrics.json").read_text())
    assert 0 <= metrics["test_balanced_acc"] <= 1
    assert "<html" in (made / "run/evaluation/report.html").read_text()


@pytest.mark.parametrize("workers", [0, 2])
def test_the_command_line_makes_the_same_bytes(made, tmp_path, workers):
    backbone, model, evaluation = (str(tmp_path / name) for name in ("b", "m", "e"))
    data = ["--dataset", "data"]
    step(made, "load-checkpoint", "--checkpoint", "pretrained.ckpt", "--output", backbone)
    # Once with processes of their own, and once in this one, which others have used before.
    here, workers = workers > 0, f"data.num_workers={workers}"
    step(made, "finetune", "--backbone", backbone, *data, "--output", model, workers, here=here)
    step(made, "evaluate", "--model", model, *data, "--output", evaluation, workers, here=here)
    for ours, theirs in {
        f"{backbone}/backbone.safetensors": "backbone/backbone.safetensors",
        f"{model}/model.safetensors": "model/model.safetensors",
        f"{evaluation}/metrics.json": "evaluation/metrics.json",
    }.items():
        assert Path(ours).read_bytes() == (made / "run" / theirs).read_bytes(), theirs
