"""What `biotune inspect` tells of a dataset."""

import json
import os

import h5py
import numpy as np
import pytest

from components.failures import InputError
from pipeline import inspection
from tests.made import SIZES, make_dataset


def write(path, data, label, columns=None, **attributes):
    with h5py.File(path, "w") as file:
        file["data"], file["label"] = data, label
        for name, values in (columns or {}).items():
            file[name] = values
        file.attrs.update(attributes)
    return path


def test_splits_classes_subjects_and_signal_are_told(dataset):
    found = inspection.read(str(dataset))
    train = found["splits"]["train"]
    assert {name: split["windows"] for name, split in found["splits"].items()} == SIZES
    assert (train["channels"], train["samples"], train["sampling_rate"]) == (4, 64, 100.0)
    assert train["subjects"] == ["train0", "train1", "train2", "train3"]
    assert sum(train["labels"][0].values()) == SIZES["train"]
    assert found["missing"] == [] and found["shared_subjects"] == {}
    assert found["task"] == ["classification_type=bc", "num_classes=2"]


def test_the_quartiles_are_those_of_all_values_in_physical_units(tmp_path):
    data = np.random.default_rng(0).integers(-128, 127, (50, 2, 30)).astype(np.int8)
    path = write(tmp_path / "train.h5", data, np.zeros(50, int), scale=0.5)
    found = inspection.read(str(path))["quartiles"]
    lower, upper = np.percentile(data * 0.5, [25, 75])
    assert (found["lower"], found["upper"]) == pytest.approx((lower, upper), rel=1e-5)
    key = "input_normalization.quartile_normalization"
    assert found["overrides"] == [f"{key}_lower_val={lower:g}", f"{key}_upper_val={upper:g}"]


def test_of_a_large_split_evenly_spaced_windows_are_read(tmp_path):
    data = np.arange(9000, dtype=np.float32).reshape(9000, 1, 1)
    path = write(tmp_path / "train.h5", data, np.zeros(9000, int))
    found = inspection.read(str(path))["quartiles"]
    assert found["windows"] == 2000
    assert (found["lower"], found["upper"]) == pytest.approx((2249.75, 6749.25), abs=5)


def test_values_that_are_not_finite_are_counted_and_left_out(tmp_path, capsys):
    data = np.ones((4, 1, 5), np.float32)
    data[0, 0, :2] = np.nan, np.inf
    path = write(tmp_path / "train.h5", data, np.zeros(4, int), sampling_rate=np.nan)
    found = inspection.read(str(path))
    assert found["quartiles"]["not_finite"] == 2 and found["quartiles"]["lower"] == 1.0
    inspection.run(str(path))
    shown = capsys.readouterr().out
    assert "NOT FINITE: 2 values" in shown and "not usable" in shown
    inspection.run(str(path), as_json=True)
    assert json.loads(capsys.readouterr().out)["splits"]["train"]["sampling_rate"] is None


@pytest.mark.parametrize(
    ("shape", "values", "task"),
    [
        ((), 5, ["classification_type=mcc", "num_classes=5"]),
        ((3,), 2, ["classification_type=mc", "num_classes=3"]),
        ((3,), 4, ["classification_type=mmc", "num_outputs=3", "num_classes=4"]),
    ],
)
def test_the_task_follows_from_the_labels(tmp_path, capsys, shape, values, task):
    folder = make_dataset(tmp_path / "data", shape, values)
    found = inspection.read(str(folder))
    assert found["task"] == task
    assert len(found["splits"]["test"]["labels"]) == (shape or (1,))[0]
    inspection.run(str(folder))
    assert " ".join(task) in capsys.readouterr().out


def test_class_names_stand_beside_their_counts(tmp_path, capsys):
    names = {"classes": ["rest", "fist"], "channels": ["EMG1"], "unit": "mV"}
    path = write(tmp_path / "test.h5", np.zeros((5, 1, 2)), np.array([0, 1, 1, 1, 1]), **names)
    inspection.run(str(path))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["0", "rest", "1"] in lines and ["1", "fist", "4"] in lines
    assert ["unit", "mV"] in lines


def test_subjects_in_two_splits_and_missing_splits_are_told(tmp_path, capsys):
    for split, subjects in {"train": ["a", "b"], "test": ["b", "c"]}.items():
        columns = {"subject": subjects}
        write(tmp_path / f"{split}.h5", np.zeros((2, 1, 2)), np.zeros(2, int), columns)
    found = inspection.read(str(tmp_path))
    assert found["missing"] == ["val"]
    assert found["shared_subjects"] == {"train and test": ["b"]}
    inspection.run(str(tmp_path))
    shown = capsys.readouterr().out
    assert "SUBJECTS IN TRAIN AND TEST  b" in shown and "missing  val" in shown


def test_splits_that_differ_are_told(tmp_path, capsys):
    for split, rate in {"train": 200.0, "test": 250.0}.items():
        write(tmp_path / f"{split}.h5", np.zeros((2, 1, 2)), np.zeros(2, int), sampling_rate=rate)
    inspection.run(str(tmp_path))
    assert "DIFFERS: train: 200 Hz" in capsys.readouterr().out


def test_grouped_files_are_read(tmp_path):
    with h5py.File(tmp_path / "train.h5", "w") as file:
        for group, count in {"data_group_0": 3, "data_group_1": 2}.items():
            file[f"{group}/X"] = np.ones((count, 2, 4), np.float32)
            file[f"{group}/y"] = np.arange(count)
    found = inspection.read(str(tmp_path))
    assert found["splits"]["train"]["labels"] == [{"0": 2, "1": 2, "2": 1}]
    assert found["quartiles"]["windows"] == 5


@pytest.mark.s3
def test_the_same_from_s3(s3, dataset):
    for file in os.listdir(dataset):
        s3.put(f"data/{file}", (dataset / file).read_bytes())
    here, there = inspection.read(str(dataset)), inspection.read(s3.uri("data/"))
    assert there["quartiles"] == here["quartiles"]
    for split in here["splits"]:
        assert there["splits"][split] == here["splits"][split] | {"uri": s3.uri(f"data/{split}.h5")}


def test_what_is_no_dataset_is_the_users_error(tmp_path, dataset):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1]
    with pytest.raises(InputError, match="holds x"):
        inspection.read(str(tmp_path / "other.h5"))
    content = (dataset / "train.h5").read_bytes()
    (tmp_path / "half.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"half\.h5"):
        inspection.read(str(tmp_path / "half.h5"))
    with pytest.raises(InputError, match="leave it out"):
        inspection.read(str(dataset), ["model=waveform_transformer"])
