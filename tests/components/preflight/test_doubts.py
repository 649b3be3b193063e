"""What preflight only warns of, because it may be meant, and what lifts a refusal."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from components.failures import Findings
from components.preflight.step import run

DEMO = Path(__file__).parents[3] / "pipeline" / "demo"


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(DEMO, folder)
    return folder


@pytest.fixture
def check(data, caplog):
    """Runs preflight; gives the warnings."""

    def checked(*overrides):
        caplog.clear()
        run(str(DEMO / "pretrained.ckpt"), str(data), ["experiment=demo", *overrides])
        return [record.message for record in caplog.records if record.levelname == "WARNING"]

    return checked


def change(folder, split, key, new):
    with h5py.File(folder / f"{split}.h5", "a") as file:
        value = new(file[key][()])
        del file[key]
        file[key] = value


def silent(*places):
    def new(values):
        values[places] = 0
        return values

    return new


def test_the_demo_raises_no_doubt(check):
    assert check() == []


def test_a_dead_channel_is_named(check, data):
    change(data, "val", "data", silent(slice(None), [2, 5]))
    (told,) = check()
    assert told.endswith("val.h5: no signal in 64 windows looked at: channel EMG3, EMG6")


def test_an_electrode_that_falls_off_for_a_while_is_nothing(check, data):
    change(data, "train", "data", silent(slice(0, 800), 2))
    assert check() == []


def test_some_silent_windows_are_counted(check, data):
    change(data, "train", "data", silent(slice(0, 300)))
    (told,) = check()
    assert "windows looked at are constant" in told


def test_a_test_split_of_one_class_may_be_all_there_is(check, data):
    change(data, "test", "label", lambda labels: labels * 0 + 3)
    (told,) = check()
    assert "test.h5: all labels are 3; AUROC and AUPR can't be told" in told


def test_a_class_that_no_split_holds_is_named(check, data):
    for split in ("train", "val", "test"):
        change(data, split, "label", lambda labels: np.where(labels == 7, 6, labels))
    assert check() == ["num_classes=8: class 7 (fist) is in no split"]


def test_without_subjects_an_overlap_cannot_be_found_and_that_is_said(check, data):
    for split in ("train", "val", "test"):
        with h5py.File(data / f"{split}.h5", "a") as file:
            del file["subject"]
    (told,) = check()
    assert "no subjects are named" in told


def test_another_unit_can_be_meant(check, data):
    with h5py.File(data / "train.h5", "a") as file:
        file.attrs["scale"] = 1e-9
    with pytest.raises(Findings) as refused:
        check()
    assert len(refused.value.messages) == 3, "the bounds, and val and test against train"
    told = check("data.allow_signal_mismatch=true")
    assert len(told) == 3 and all(line.startswith("allowed: ") for line in told)


def test_bounds_that_are_wide_or_narrow_stay_the_users_choice(check):
    bound = "input_normalization.quartile_normalization_{}_val={}"
    for width in (2.0, 0.002):
        assert check(bound.format("lower", -width), bound.format("upper", width)) == []


@pytest.mark.parametrize("kind", ["zscore", "minmax", "none"])
def test_without_bounds_the_scale_does_not_matter(kind, check, data):
    for split in ("train", "val", "test"):
        with h5py.File(data / f"{split}.h5", "a") as file:
            file.attrs["scale"] = 1e-9
    assert check(f"input_normalization.normalize={kind}") == []


def test_one_file_as_two_splits_can_be_meant(check, data):
    shutil.copy(data / "val.h5", data / "test.h5")
    with pytest.raises(Findings, match="one and the same file"):
        check()
    (told,) = check("data.allow_subject_overlap=true")
    assert told.startswith("allowed: ") and "one and the same file" in told


@pytest.mark.parametrize(
    "trial",
    ["limit_train_batches=3", "fast_dev_run=true", "overfit_batches=1", "max_time=00:01:00:00"],
)
def test_who_tries_something_out_is_not_asked_about_the_warm_up(trial, check):
    with pytest.raises(Findings, match="warm-up"):
        check("scheduler.warmup_t=20 epochs")
    assert check("scheduler.warmup_t=20 epochs", f"trainer.{trial}") == []


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["trainer.max_steps=27", "scheduler.warmup_t=27"], "the whole training has 27 "),
        (["trainer.max_steps=27", "scheduler.warmup_t=26"], None),
        (["trainer.max_epochs=-1", "trainer.max_steps=27", "scheduler.warmup_t=30"], "has 27 "),
        (["trainer.accumulate_grad_batches=10", "scheduler.warmup_t=30"], "has 30 (3 an epoch)"),
        (["trainer.devices=30"], "data.batch_size=64 on 30 devices"),
        (["trainer.devices=27"], None),
        (["trainer.devices=auto"], None),
        (["trainer.max_epochs=-1", "trainer.max_time=00:01:00:00", "scheduler=constant"], None),
        (["scheduler=plateau"], None),
        (["trainer.precision=16"], None),
        (["trainer.precision=bf16-mixed"], None),
        (["trainer.accelerator=cuda:0"], "trainer.accelerator=cuda:0"),
    ],
)
def test_the_length_of_the_training_is_what_finetune_will_find(overrides, expected, check):
    if expected is None:
        assert check(*overrides) == []
        return
    with pytest.raises(Findings) as refused:
        check(*overrides)
    assert expected in str(refused.value)


def test_a_batch_is_held_against_all_the_processes_that_a_profile_asks_for(check, monkeypatch):
    """On several nodes their number is the profile's, which preflight is told by its variable."""
    assert check("data.batch_size=64") == []
    monkeypatch.setenv("BIOTUNE_PROCESSES", "32")
    with pytest.raises(Findings, match=r"on 32 devices: .*=54 or less"):
        check("data.batch_size=64")
    assert check("data.batch_size=54", "trainer.devices=99") == []


def test_labels_that_end_below_the_number_of_classes_are_not_taken_to_begin_at_one(check, data):
    for split in ("train", "val", "test"):
        change(data, split, "label", lambda labels: np.where(labels == 0, 1, labels))
    assert "class 0 (rest) is in no split" in check()[0]
