import pickle

import h5py
import numpy as np
import pytest

from components.failures import InputError
from components.hdf5 import Windows
from components.hdf5.selection import Selection, located

NAMES = {"train": list("abac"), "val": list("bd"), "test": list("caba")}


@pytest.fixture
def files(tmp_path):
    """Three files whose windows hold their place in all files, each stored by another scale."""
    paths, place = [], 0
    for scale, (split, names) in enumerate(NAMES.items(), start=1):
        paths.append(tmp_path / f"{split}.h5")
        values = np.arange(place, place + len(names)) / scale
        with h5py.File(paths[-1], "w") as file:
            file["data"] = np.broadcast_to(values[:, None, None], (len(names), 2, 3))
            file["label"] = np.arange(place, place + len(names))
            file["subject"] = names
            file.attrs["scale"] = float(scale)
        place += len(names)
    return paths


def test_the_windows_of_some_subjects_are_read_from_all_files(files):
    chosen = Selection.in_files(files).choosing("ac")
    everybody = np.array([name for names in NAMES.values() for name in names])
    expected = np.flatnonzero(np.isin(everybody, ["a", "c"]))
    assert chosen.index.tolist() == expected.tolist()
    header = chosen.header
    assert header.labels.tolist() == expected.tolist()
    assert header.subjects.tolist() == everybody[expected].tolist()
    assert header.summary() == {"windows": 6, "subjects": 2, "recordings": None}
    windows = chosen.windows()
    assert located(windows, [5, 0]).tolist() == expected[[5, 0]].tolist()
    order = np.random.default_rng(0).permutation(len(windows))
    inputs, labels = windows.read(order)
    assert labels.tolist() == expected[order].tolist()
    np.testing.assert_allclose(inputs[:, 1, 2], expected[order], rtol=1e-6)


def test_all_subjects_are_the_files_one_after_the_other(files):
    everybody = Selection.in_files(files).choosing("abcd").windows()
    parts = [Windows(file).read(range(len(Windows(file)))) for file in files]
    for found, expected in zip(everybody.read(range(10)), zip(*parts, strict=True), strict=True):
        assert np.array_equal(found, np.concatenate(expected))


def test_it_goes_to_another_process_as_plain_data_and_as_a_pickle(files):
    chosen = Selection.in_files(files).choosing("bd")
    again = Selection.of(chosen.plain())
    assert again == chosen
    windows = pickle.loads(pickle.dumps(again.windows()))
    assert windows.read([2, 0])[1].tolist() == [5, 1]


def test_a_file_without_subjects_is_refused(files):
    with h5py.File(files[1], "a") as file:
        del file["subject"]
    with pytest.raises(InputError, match=r"val.h5: names no subjects.*add a dataset `subject`"):
        Selection.in_files(files)
