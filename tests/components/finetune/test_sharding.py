"""A model divided between two processes learns what one does that each of them has whole."""

import csv
import json
import os
from dataclasses import asdict
from functools import cache
from pathlib import Path

import h5py
import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import nn

from components.config import compose, for_step
from components.finetune.training import Request
from tests.divided import NOTE, in_two_processes
from tests.made import make_dataset

TASK = (
    *("classification_type=bc", "num_classes=2", "input_normalization.normalize=none"),
    *("model.signal=null", "data.batch_size=16", "trainer.max_epochs=2", "optimizer.lr=0.003"),
    *("trainer.accelerator=cpu", "trainer.devices=2", "layerwise_lr_decay=0.75"),
    "peer_timeout=1m",
)
# Where a gradient is but rounding, as before a norm, Adam would make a whole step of it.
ADAM = ("+optimizer.options.eps=1e-3",)
SGD = ("optimizer.optim=SGD", "+optimizer.options.momentum=0.9", "optimizer.lr=0.1")
DEMO = (
    *("model=waveform_transformer", "model.num_channels=4", "model.num_samples=64"),
    *("model.patch_size=16", "model.embed_dim=16", "model.depth=2"),
)
NET = ("model=waveform_transformer", "layerwise_lr_decay=1", *SGD)  # of the test's own
CASES = {
    "demo": (*DEMO, *ADAM, NOTE),
    "luna": (
        *("model=luna_base", "model.embed_dim=16", "model.depth=2", "model.patch_size=16"),
        *("model.adapter.channels=[Fp1,Fp2,C3,C4]", *ADAM, NOTE),
    ),
    "femba": (
        *("model=femba_tiny", "model.embed_dim=8", "model.num_channels=4", "model.seq_length=64"),
        *(*ADAM, NOTE),
    ),
    "frozen": (*DEMO, *ADAM, "freeze_backbone=true", "layerwise_lr_decay=1", NOTE),
    # A gradient is far longer than that, so that a step is as long as the norm is right.
    "clipped": (*DEMO, *SGD, "trainer.gradient_clip_val=0.01"),
    "accumulated": (
        *(*DEMO, *ADAM, "trainer.accumulate_grad_batches=2", "gradient_checkpointing=true"),
        "trainer.precision=bf16-mixed",
    ),
    "skipping": (*DEMO, *ADAM, "nonfinite=skip", "callbacks.best=null"),
    "statistics": NET,
}
REFUSED = {
    "single": "the model's scale is a single number that learns, which can't be divided",
    "shared": "the model's blocks.1.0.weight belongs to several blocks",
    "outside": "uses a part of a block outside of the block's own forward",
}


class Net(nn.Module):
    """Batch norm, and what a user's model may do wrong."""

    def __init__(self, num_logits=1, quirk=""):
        super().__init__()
        self.norm = nn.BatchNorm1d(4, momentum=1.0)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(2))
        self.head = nn.Linear(4, num_logits)
        self.scale = nn.Parameter(torch.tensor(1.0), requires_grad=quirk == "single")
        if quirk == "shared":
            self.blocks[1][0].weight = self.blocks[0][0].weight
        self.quirk = quirk

    def forward(self, x):
        x = self.norm(x).std(-1)
        for block in self.blocks:
            x = x + block(x)
        if self.quirk == "outside":
            x = x @ self.blocks[0][0].weight
        return self.head(x * self.scale)


@cache
def composed(overrides):
    return json.dumps(for_step("finetune", compose([*TASK, *overrides])))


def request(data, folder, case, strategy):
    config = json.loads(composed(CASES.get(case, NET)))
    config["trainer"]["strategy"] = strategy
    if CASES.get(case, NET) == NET:
        config["model"] = {
            "_target_": f"{__name__}.Net",
            "num_logits": config["num_logits"],
            "quirk": case if case in REFUSED else "",
            "layout": {"stem": "norm|scale", "blocks": r"blocks\.(\d+)\.", "head": "head"},
        }
    folder.mkdir(parents=True)
    splits = {split: str(data / f"{split}.h5") for split in ("train", "val")}
    asked = Request(splits, str(folder), config, {"data": {}}, backbone=None)
    return asdict(asked)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of each case, trained both ways by the same two processes."""
    root = tmp_path_factory.mktemp("divided")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[3]), prepend=os.pathsep)
        # Three batches of the val split: one process has one more than the other.
        data = make_dataset(root / "data")
        loud = make_dataset(root / "loud")
        with h5py.File(loud / "train.h5", "a") as file:
            file["data"][7] *= 3e30  # a number, but what becomes of it in the model is none
        requests = [
            request(loud if case == "skipping" else data, root / case / strategy, case, strategy)
            for case in CASES
            for strategy in ("ddp", "fsdp")
        ]
        requests += [request(data, root / case, case, "fsdp") for case in REFUSED]
        in_two_processes(requests, root)
    return root


def history(folder):
    with (folder / "history.csv").open() as stream:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


def record(folder):
    return yaml.safe_load((folder / "config.yaml").read_text())["provenance"]


def notes(folder):
    return [json.loads((folder / f"note-{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_weights_and_metrics_are_those_of_ddp(made, case):
    whole, divided = (made / case / strategy for strategy in ("ddp", "fsdp"))
    weights, found = (load_file(folder / "model.safetensors") for folder in (whole, divided))
    assert weights.keys() == found.keys()
    for name, value in weights.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-5, msg=name)
    for row, wanted in zip(history(divided), history(whole), strict=True):
        assert row == pytest.approx(wanted, abs=1e-4)
    assert record(divided)["selected"] == record(whole)["selected"]
    if case == "frozen":
        assert record(divided)["backbone_digest"] == record(whole)["backbone_digest"]
    if case == "skipping":
        assert record(divided)["skipped_steps"] == record(whole)["skipped_steps"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("case", ["demo", "luna", "femba", "frozen"])
def test_each_parameter_learns_at_its_rate_and_each_process_keeps_its_half(made, case):
    for whole, divided in zip(notes(made / case / "ddp"), notes(made / case / "fsdp"), strict=True):
        assert divided["rates"] == whole["rates"] and divided["groups"] == whole["groups"]
        for what, numbers in whole["here"].items():
            assert divided["here"][what] <= 0.55 * numbers, what


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSED)
def test_a_model_that_cannot_be_divided_is_told_so_in_a_line(made, case):
    told = (made / case / "failure.txt").read_text()
    assert REFUSED[case] in told and "trainer.strategy=ddp" in told and "\n" not in told
