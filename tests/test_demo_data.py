"""The demo's data, its checkpoint and the scripts in docs/demo that made them."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from components import hdf5
from components.models.waveform import WaveformTransformer

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "pipeline" / "demo"
SCRIPTS = ROOT / "docs" / "demo"
SIZES = {"train": (1728, 9), "val": (568, 3), "test": (576, 3)}


@pytest.fixture(scope="module")
def headers():
    return {split: hdf5.read_header(DEMO / f"{split}.h5") for split in SIZES}


@pytest.fixture
def archive(tmp_path):
    """A made-up archive of windows: three subjects, eight gestures."""
    random = np.random.default_rng(0)
    labels = np.tile(np.arange(8), 12)
    subjects = np.repeat([11, 22, 33], 32)
    content = {
        "X": random.integers(-128, 128, (96, 8, 200), dtype=np.int8),
        "y": labels.astype(np.uint8),
        "subject": subjects,
        "participant": subjects.astype(np.uint8),
        "session": np.ones(96, dtype=np.uint8),
        "split": np.repeat(["train", "val", "test"], 32),
        "classes": np.array([f"gesture {i}" for i in range(8)]),
        "fs": np.int64(200),
    }
    path = tmp_path / "windows.npz"
    np.savez(path, **content)
    return path, content


def script(name, *arguments):
    return subprocess.run(
        [sys.executable, str(SCRIPTS / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"},
    )


def test_no_subject_is_in_two_splits(headers):
    people = [set(header.subjects) for header in headers.values()]
    assert len(set.union(*people)) == sum(map(len, people)) == 15


@pytest.mark.parametrize("split", SIZES)
def test_a_split_says_what_it_holds(headers, split):
    header = headers[split]
    assert (header.windows, len(set(header.subjects))) == SIZES[split]
    assert (header.channels, header.samples, header.dtype) == (8, 200, "int8")
    assert (header.sampling_rate, header.unit, header.scale) == (200.0, "full scale", 1 / 128)
    assert len(header.channel_names) == len(set(header.classes)) == 8
    assert header.classes[0] == "rest"
    assert set(header.labels.tolist()) == set(range(8))
    assert len(set(header.recordings)) == 3 * len(set(header.subjects))
    assert "MIT" in header.licence


def test_the_licence_notice_lies_beside_the_data():
    notice = (DEMO / "LICENSE-DATA").read_text()
    assert "MIT License" in notice
    assert "Copyright (c) 2021" in notice
    assert "github.com/aljazfrancic/myo-readings-dataset" in notice


def test_the_checkpoint_is_a_small_lightning_file_without_optimizer_that_fills_the_model():
    path = DEMO / "pretrained.ckpt"
    assert path.stat().st_size <= 2_000_000
    content = torch.load(path, weights_only=True)
    assert "pytorch-lightning_version" in content
    assert content["hyper_parameters"]["num_classes"] == 8
    assert "optimizer_states" not in content
    state = {name.removeprefix("model."): v for name, v in content["state_dict"].items()}
    assert all(name.startswith("model.") for name in content["state_dict"])
    WaveformTransformer(num_classes=8).load_state_dict(state, strict=True)


def test_the_same_windows_give_the_same_bytes(archive, tmp_path):
    path, content = archive
    for folder in ("one", "two"):
        done = script("prepare.py", path, tmp_path / folder)
        assert done.returncode == 0, done.stderr
    for split in SIZES:
        one, two = ((tmp_path / f / f"{split}.h5").read_bytes() for f in ("one", "two"))
        assert one == two
    windows, labels = hdf5.Windows(tmp_path / "one" / "val.h5").read(range(32))
    np.testing.assert_array_equal(windows * 128, content["X"][32:64])
    np.testing.assert_array_equal(labels, content["y"][32:64])


def test_a_subject_in_two_splits_is_refused_by_name(archive, tmp_path):
    path, content = archive
    content["subject"][40] = 11
    np.savez(path, **content)
    done = script("prepare.py", path, tmp_path / "output")
    assert done.returncode != 0
    assert "subjects in more than one split: 11" in done.stderr
    assert not (tmp_path / "output").exists()


def test_a_turned_or_mirrored_armband_is_found_and_put_right():
    """Seven people with the same muscles; two wear the armband differently."""
    armband = runpy.run_path(str(SCRIPTS / "armband.py"))
    random = np.random.default_rng(0)
    strength = np.exp(random.normal(size=(8, 8, 1)))  # gesture, electrode
    labels = np.tile(np.repeat(np.arange(8), 4), 7)
    people = np.repeat(np.arange(7), 32)
    right = random.normal(0, 20, (224, 8, 50)) * strength[labels]
    worn = right.copy()
    worn[people == 2] = np.roll(right[people == 2], 2, axis=1)
    worn[people == 5] = right[people == 5][:, ::-1]
    placements = armband["estimate_placements"](worn, labels, people)
    assert {who for who, placement in placements.items() if placement != (1, 0)} == {2, 5}
    np.testing.assert_array_equal(armband["undo_placements"](worn, people, placements), right)


def test_varying_the_placement_keeps_power_and_turns_the_ring():
    vary = runpy.run_path(str(SCRIPTS / "armband.py"))["vary"]
    torch.manual_seed(0)
    windows = torch.zeros(64, 8, 4000)
    windows[:, 3] = torch.randn(64, 4000)
    varied = vary(windows, turn=0.4, gain=0.0, channel_gain=0.0)
    power = varied.square().mean(dim=-1)
    torch.testing.assert_close(power.sum(dim=1), windows.square().mean(dim=-1).sum(dim=1))
    assert power[:, 3].min() < 0.5 < power[:, 3].max()
    assert power[:, [0, 6, 7]].max() == 0
    assert power[:, 2].max() > 0.1
    assert power[:, 4].max() > 0.1


@pytest.mark.slow
def test_the_pretraining_command_writes_a_checkpoint_of_the_model(archive, tmp_path):
    output = tmp_path / "pretrained.ckpt"
    done = script("pretrain.py", archive[0], output, "--epochs", "1")
    assert done.returncode == 0, done.stderr
    state = torch.load(output, weights_only=True)["state_dict"]
    shipped = torch.load(DEMO / "pretrained.ckpt", weights_only=True)["state_dict"]
    assert {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in shipped.items()}
