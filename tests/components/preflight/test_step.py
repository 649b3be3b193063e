import shutil
import subprocess
import sys

import h5py
import pytest
import torch

from components.failures import Findings, InputError
from components.preflight.step import run
from tests.made import make_dataset

GIVEN = [
    *("model.num_channels=4", "model.num_samples=64", "model.patch_size=16", "model.signal=null"),
    *("classification_type=bc", "num_classes=2", "input_normalization.normalize=none"),
]


@pytest.fixture(scope="module")
def described():
    from components.describe.step import run as describe

    return describe(GIVEN)


@pytest.fixture
def checkpoint(described, tmp_path):
    """What the model saves, as Lightning would write it after pre-training."""
    state = {
        f"model.{entry['name']}": torch.ones(
            [n if n != "num_logits" else 5 for n in entry["shape"]]
        )
        for entry in described["entries"]
    }
    file = tmp_path / "last.ckpt"
    torch.save({"state_dict": state | {"model.decoder.weight": torch.ones(3)}}, file)
    return file


@pytest.fixture
def check(checkpoint, dataset, described):
    def checked(*overrides, checkpoint=checkpoint, dataset=dataset):
        return run(str(checkpoint), str(dataset), [*GIVEN, *overrides], manifest=described)

    return checked


def findings(check, *overrides, **changes):
    with pytest.raises(Findings) as caught:
        check(*overrides, **changes)
    return caught.value.messages


def test_what_fits_passes_and_gives_a_slice_and_fingerprints_to_each_step(check):
    done = check()
    assert done.slices.keys() == {"load_checkpoint", "finetune", "evaluate", "promote"}
    assert done.slices["load_checkpoint"]["fingerprint"] == done.checkpoint_fingerprint
    assert done.slices["finetune"]["fingerprints"].keys() == {"train", "val"}
    assert done.slices["evaluate"]["fingerprints"]["test"] == done.dataset_fingerprints["test"]
    assert len({*done.dataset_fingerprints.values(), done.checkpoint_fingerprint}) == 4


def test_changed_data_change_the_slice_that_reads_them_and_no_other(check, dataset):
    before = check().slices
    with h5py.File(dataset / "test.h5", "a") as file:
        file["data"][0] = 0
    after = check().slices
    assert before["evaluate"] != after["evaluate"]
    assert before["finetune"] == after["finetune"]
    assert before["load_checkpoint"] == after["load_checkpoint"]


def test_everything_that_is_wrong_is_told_at_once(check, tmp_path):
    other = make_dataset(tmp_path / "other", values=4)
    with h5py.File(other / "val.h5", "a") as file:
        file["subject"][0] = "train0"
    (other / "test.h5").unlink()
    text = tmp_path / "text.ckpt"
    text.write_text("no checkpoint")
    told = findings(check, "data.batch_size=200", checkpoint=text, dataset=other)
    for expected in ("text.ckpt", "test.h5", "labels run from 0 to 3", "train0", "batch_size=200"):
        assert any(expected in line for line in told), (expected, told)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["data.batch_size=97"], "data.batch_size=97"),
        (["classification_type=mc"], "labels have the shape (96,)"),
        (["model.signal={channels: 8}"], "channels is 4, but the model expects 8"),
    ],
)
def test_a_wrong_setting_is_found(check, overrides, expected):
    assert any(expected in line for line in findings(check, *overrides))


def test_a_frozen_backbone_must_be_filled(check, checkpoint):
    """What is frozen and was never read would stay random."""
    state = torch.load(checkpoint)["state_dict"]
    torch.save({n: t for n, t in state.items() if ".blocks.1." not in n}, checkpoint)
    assert check("checkpoint.min_coverage=0.4")
    (told,) = findings(check, "checkpoint.min_coverage=0.4", "freeze_backbone=true")
    assert "freeze_backbone=true: would keep 12 tensors at random" in told and "blocks.1." in told


def test_channels_that_the_model_cannot_place_are_listed(check, dataset):
    for split in ("train", "val", "test"):
        with h5py.File(dataset / f"{split}.h5", "a") as file:
            file.attrs["channels"] = ["FP1", "X1", "CZ", "X2"]
    target = "{_target_: components.models.electrodes.ElectrodeLocations}"
    told = findings(check, f"+model.adapter={target}")
    assert any("no position is known of X1, X2" in line for line in told)


def test_splits_that_differ_from_each_other_are_found(check, dataset, tmp_path):
    longer = make_dataset(tmp_path / "longer", samples=80)
    shutil.copy(longer / "val.h5", dataset / "val.h5")
    assert any("window is 80, but 64" in line for line in findings(check, dataset=dataset))


def test_a_subject_in_two_splits_is_named_unless_allowed(check, dataset):
    with h5py.File(dataset / "test.h5", "a") as file:
        file["subject"][:2] = ["val0", "train1"]
    told = findings(check)
    assert any("both train and test: train1" in line for line in told)
    assert any("both val and test: val0" in line for line in told)
    assert check("data.allow_subject_overlap=true")


def test_a_checkpoint_that_does_not_cover_the_model_is_found(check, tmp_path):
    poor = tmp_path / "poor.ckpt"
    torch.save({"state_dict": {"model.head.bias": torch.ones(5)}}, poor)
    told = findings(check, checkpoint=poor)
    assert any("none of its 1 tensors" in line for line in told)


def test_a_disk_that_is_too_small_is_found(check, monkeypatch):
    from components.preflight import checks

    few = [checks.Found("s3://bucket/train.h5", size=10**15)]
    told: list[str] = []
    checks.disk(few, told)
    assert len(told) == 1 and "TMPDIR" in told[0]


def test_a_model_without_a_manifest_says_how_to_get_one(checkpoint, dataset):
    with pytest.raises(InputError, match="python -m components describe"):
        run(str(checkpoint), str(dataset), GIVEN)


def test_neither_torch_nor_lightning_is_needed(checkpoint, dataset, described, tmp_path):
    import json

    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(described))
    code = (
        "import json, sys; from components.preflight.step import run; "
        f"run({str(checkpoint)!r}, {str(dataset)!r}, {GIVEN!r}, "
        f"manifest=json.load(open({str(manifest)!r}))); "
        "assert not {'torch', 'lightning', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
