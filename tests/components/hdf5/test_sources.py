"""However a file is stored, the same windows come out; what lies there plainly is read plainly."""

import multiprocessing
import os

import h5py
import numpy as np
import pytest

from components.failures import InputError
from components.hdf5 import Windows, extents
from components.hdf5.extents import Extents
from components.hdf5.slabs import Held, Slabs

DATA = np.random.default_rng(0).integers(-90, 90, (50, 3, 40))
ORDER = np.random.default_rng(1).permutation(50)[:17].tolist()


def write(path, dtype="f4", groups=1, scale=None, **stored):
    with h5py.File(path, "w") as file:
        for number, part in enumerate(np.array_split(DATA, groups)):
            place = file if groups == 1 else file.create_group(f"{number:03}")
            keys = ("data", "label") if groups == 1 else ("X", "y")
            place.create_dataset(keys[0], data=part.astype(dtype), **stored)
            place[keys[1]] = part[:, 0, 0] % 2
        if scale:
            file.attrs["scale"] = scale
    return path


def hold(windows, source, scale=1.0):
    inputs, labels = windows.read(ORDER)
    np.testing.assert_array_equal(inputs, DATA[ORDER].astype(np.float32) * np.float32(scale))
    np.testing.assert_array_equal(labels, DATA[ORDER, 0, 0] % 2)
    assert type(windows._source) is source


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"groups": 7},
        {"chunks": (1, 3, 40)},
        {"chunks": (8, 3, 40), "maxshape": (None, 3, 40)},
        {"dtype": "i1", "scale": 0.1},
        {"dtype": ">i2", "scale": 1e-6},
        {"dtype": "f8", "groups": 3, "chunks": (4, 3, 40)},
    ],
)
def test_what_is_stored_as_it_is_comes_straight_from_the_file(stored, tmp_path):
    scale = stored.get("scale", 1.0)
    hold(Windows(write(tmp_path / "train.h5", **stored)), Extents, scale)


@pytest.mark.parametrize("dtype", ["f4", "i2"])
def test_a_batch_read_by_two_threads_comes_whole_also_after_a_fork(dtype, tmp_path, monkeypatch):
    monkeypatch.setattr(extents, "_WORTH_A_THREAD", 0)
    windows = Windows(write(tmp_path / "train.h5", dtype))
    hold(windows, Extents)
    child = multiprocessing.get_context("fork").Process(target=hold, args=(windows, Extents))
    child.start()
    child.join(20)
    child.kill()
    assert child.exitcode == 0


@pytest.mark.parametrize(("few", "source"), [(True, Held), (False, Slabs)])
@pytest.mark.parametrize(
    "stored",
    [
        {"compression": "gzip", "chunks": (8, 3, 40), "dtype": "i2", "scale": 0.5},
        {"compression": "lzf", "groups": 6},
        {"chunks": (8, 2, 40)},
        {"fletcher32": True},
    ],
)
def test_what_must_be_unpacked_is_held_if_it_is_little(stored, few, source, tmp_path, monkeypatch):
    monkeypatch.setattr(Held, "possible", lambda arrays: few)
    scale = stored.get("scale", 1.0)
    hold(Windows(write(tmp_path / "train.h5", **stored)), source, scale)


def test_chunks_that_were_never_written_hold_the_fill_value(tmp_path):
    with h5py.File(tmp_path / "train.h5", "w") as file:
        data = file.create_dataset("data", (9, 2, 5), "f4", chunks=(1, 2, 5), fillvalue=3)
        data[4] = 1
        file["label"] = np.zeros(9, int)
    inputs, _ = Windows(tmp_path / "train.h5").read([3, 4])
    assert inputs[:, 0, 0].tolist() == [3, 1]


def test_a_file_that_becomes_shorter_is_told_where_it_is_read(tmp_path):
    path = write(tmp_path / "train.h5")
    windows = Windows(path)
    windows.read([0])
    os.truncate(path, 4096)
    with pytest.raises(InputError, match=r"train\.h5: damaged, .*cut off since it was opened"):
        windows.read([49])
