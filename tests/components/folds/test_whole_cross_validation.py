"""A cross-validation of real trainings, step by step as the pipeline takes them."""

import json
import os
import shutil
import sys
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import yaml

from components import config as configuration
from components import encoder
from components.evaluate.step import run as evaluate
from components.failures import Findings, InputError
from components.finetune.step import run as finetune
from components.folds import told
from components.load_checkpoint.step import run as load_checkpoint
from components.preflight.step import run as preflight
from components.summarize.step import run as summarize
from tests.made import make_dataset

EXAMPLE = Path(__file__).parents[3] / "docs" / "own_model"
GIVEN = [
    f"hydra.searchpath=[file://{EXAMPLE / 'conf'}]",
    *("model=convnet", "model.num_channels=4", "classification_type=bc", "num_classes=2"),
    *("input_normalization.normalize=zscore", "trainer.accelerator=cpu", "trainer.max_epochs=1"),
    *("data.batch_size=8", "resume.uri=none", "evaluation.bootstrap=10"),
]
WHO = ("ann", "bob", "cem")


def rename(dataset, names):
    """Gives the windows of all files to these people in turn."""
    for split in ("train", "val", "test"):
        with h5py.File(dataset / f"{split}.h5", "a") as file:
            count = len(file["label"])
            del file["subject"]
            file["subject"] = [names[i % len(names)] for i in range(count)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three people in three files each, all folds trained and tested, and their summary."""
    folder = tmp_path_factory.mktemp("crossed")
    rename(make_dataset(folder / "data", sizes={"train": 48, "val": 12, "test": 12}), WHO)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLE))
        patch.setenv("PYTHONPATH", str(EXAMPLE), prepend=os.pathsep)
        yield folder, crossed(folder)
    sys.modules.pop("convnet", None)


def pretrained(folder):
    torch.manual_seed(1)
    weights = encoder.build(configuration.resolved(configuration.compose(GIVEN))["model"])
    torch.save({"state_dict": weights.state_dict()}, folder / "pretrained.ckpt")


@cache
def described():
    from components.describe.step import run

    return configuration.sized(run(GIVEN), 2)


def checked(folder, *more, **shape):
    given = str(folder / "pretrained.ckpt"), str(folder / "data"), [*GIVEN, *more]
    return preflight(*given, manifest=described(), **shape)


def crossed(folder):
    pretrained(folder)
    slices = checked(folder, folds=3).slices
    load_checkpoint(str(folder / "pretrained.ckpt"), folder / "backbone", slices["load_checkpoint"])
    results = []
    for fold in (1, 2, 3):
        tune = slices["finetune"] | {"data": {**slices["finetune"]["data"], "fold": fold}}
        test = slices["evaluate"] | {"fold": {**slices["evaluate"]["fold"], "fold": fold}}
        model = folder / f"fold-{fold}/model"
        finetune(str(folder / "data"), model, tune, backbone=folder / "backbone")
        done = evaluate(model, str(folder / "data"), folder / f"fold-{fold}/evaluation", test)
        results.append({"seed": done.seed, "metrics": done.metrics, **told(done.details)})
    return slices, summarize(json.loads(json.dumps(results)), folder / "summary").content


def test_every_window_is_tested_once_by_a_model_that_has_not_seen_its_subject(made):
    folder, (_, summary) = made
    assert [fold["test"] for fold in summary["folds"]] == [[name] for name in WHO]
    assert summary["windows"] == 72
    places, right = [], 0
    for fold, name in enumerate(WHO, start=1):
        tested = np.load(folder / f"fold-{fold}/evaluation/predictions.npz")
        assert set(tested["subject"]) == {name}
        config = yaml.safe_load((folder / f"fold-{fold}/model/config.yaml").read_text())
        trained = [*config["subjects"]["train"], *config["subjects"]["val"]]
        assert sorted([*trained, name]) == sorted(WHO)
        assert config["provenance"]["data"]["train"]["windows"] == 24
        places += tested["index"].tolist()
        right += int((tested["predictions"] == tested["labels"]).sum())
    assert sorted(places) == list(range(72))
    assert summary["pooled"]["test_acc"] == pytest.approx(right / 72)


def test_labels_stay_with_their_windows_across_the_files(made):
    folder, _ = made
    labels = [h5py.File(folder / f"data/{s}.h5")["label"][:] for s in ("train", "val", "test")]
    for fold in (1, 2, 3):
        tested = np.load(folder / f"fold-{fold}/evaluation/predictions.npz")
        assert np.array_equal(np.concatenate(labels)[tested["index"]], tested["labels"])


def test_all_folds_share_one_checkpoint_and_each_slice_covers_what_it_reads(made):
    folder, (slices, _) = made
    alone = checked(folder, "data.allow_subject_overlap=true").slices
    assert slices["load_checkpoint"] == alone["load_checkpoint"]
    for step in ("finetune", "evaluate"):
        assert slices[step]["fingerprints"].keys() == {"train", "val", "test"}
    assert "fold" not in alone["evaluate"]


def test_a_model_of_one_fold_is_not_tested_in_another_or_on_the_whole(made, tmp_path):
    folder, (slices, _) = made
    other = slices["evaluate"] | {"fold": {**slices["evaluate"]["fold"], "fold": 2}}
    for settings in (other, {k: v for k, v in other.items() if k not in ("fold", "fingerprints")}):
        with pytest.raises(Findings, match="subjects in both"):
            evaluate(folder / "fold-1/model", str(folder / "data"), tmp_path / "e", settings)


def test_from_scratch_leaves_the_backbone_out(made, tmp_path):
    folder, (slices, _) = made
    tune = slices["finetune"]
    tune = tune | {"from_scratch": True, "data": {**tune["data"], "fold": 1}}
    finetune(str(folder / "data"), tmp_path / "model", tune, backbone=folder / "backbone")
    config = yaml.safe_load((tmp_path / "model/config.yaml").read_text())
    assert config["provenance"]["checkpoint"] is None
    before = config["provenance"]["backbone_digest"]["before"]
    theirs = yaml.safe_load((folder / "fold-1/model/config.yaml").read_text())["provenance"]
    assert before != theirs["backbone_digest"]["before"]
    assert config["subjects"] == {"train": theirs["fold"]["train"], "val": theirs["fold"]["val"]}


def spoilt(made, folder, change, *more, **shape):
    """What preflight finds after a change of the data."""
    rename(make_dataset(folder / "data", sizes={"train": 48, "val": 12, "test": 12}), WHO)
    shutil.copy(made / "pretrained.ckpt", folder)
    change(folder / "data")
    with pytest.raises(InputError) as caught:
        checked(folder, *more, **shape)
    return str(caught.value)


def nameless(data):
    with h5py.File(data / "val.h5", "a") as file:
        del file["subject"]


def one_class(data):
    """Class 1 is cem's alone."""
    for split in ("train", "val", "test"):
        with h5py.File(data / f"{split}.h5", "a") as file:
            file["label"][...] = file["subject"].asstr()[:] == "cem"


def twice(data):
    (data / "val.h5").write_bytes((data / "test.h5").read_bytes())


@pytest.mark.parametrize(
    ("change", "more", "folds", "told"),
    [
        (nameless, [], 3, "val.h5: names no subjects, and a fold is a choice of subjects"),
        (lambda data: rename(data, WHO[:2]), [], 3, "there are only 2 subjects (ann, bob)"),
        (lambda data: None, [], 4, "data.folds=4: there are only 3 subjects; set 3 (leave-one"),
        (one_class, [], 3, "data.folds: class 1 is not among what fold "),
        (twice, [], 3, "are one and the same file, whose windows would be tested twice"),
        (lambda data: None, ["data.batch_size=25"], 3, "has only 24 windows, less than one batch"),
        (lambda data: None, ["data.folds=2"], 3, "data.folds=2: this pipeline has 3 folds"),
        (lambda data: None, ["data.fold=2"], 3, "data.fold=2: this pipeline runs all 3 folds"),
        (lambda data: None, ["data.folds=3"], 0, "set data.fold to one of 1 to 3, or run them all"),
        (lambda data: None, ["data.fold=2"], 0, "data.fold=2: of how many? set data.folds"),
        (lambda data: None, ["data.folds=1"], 0, "data.folds=1: must be an integer of at least 2"),
        (lambda data: None, ["from_scratch=true", "freeze_backbone=true"], 0, "from_scratch=true:"),
    ],
)
def test_what_makes_no_folds_is_told_before_anything_is_trained(
    made, tmp_path, change, more, folds, told
):
    assert told in spoilt(made[0], tmp_path, change, *more, folds=folds)
