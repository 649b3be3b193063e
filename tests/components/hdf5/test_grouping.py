"""Windows lie in groups or not; where some would be left out, the file is refused by name."""

import h5py
import numpy as np
import pytest

from components.failures import InputError
from components.hdf5 import read_header
from components.hdf5.blocks import blocks_of

X, Y = np.zeros((3, 2, 4), "f4"), np.arange(3)
PAIR = {"a/X": X, "a/y": Y}


def write(path, content):
    with h5py.File(path, "w") as file:
        for key, value in content.items():
            file[key] = value
    return path


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (PAIR | {"b/X": X, "b/Y": Y}, "the group b holds X, Y,"),
        (PAIR | {"b/x": X, "b/y": Y}, "the group b holds x, y,"),
        (PAIR | {"b/x": X}, "the group b holds x,"),
        (PAIR | {"b/y": Y}, "the group b holds y,"),
        (PAIR | {"sub/s1/X": X, "sub/s1/y": Y}, "the group sub holds s1/X, s1,"),
        (PAIR | {"data": X, "label": Y}, "holds `data`, and windows in the group a (X)"),
        (PAIR | {"data": X}, "holds `data`, and windows in the group a (X)"),
    ],
)
def test_windows_that_would_be_left_out_are_refused(tmp_path, content, told):
    with pytest.raises(InputError) as caught:
        read_header(write(tmp_path / "train.h5", content))
    assert "train.h5" in str(caught.value) and told in str(caught.value)
    assert str(caught.value).isprintable()


def test_groups_of_something_else_are_passed_over(tmp_path):
    other = {"positions/x": np.zeros(2), "positions/y3": Y, "notes/by": "me"}
    path = write(tmp_path / "train.h5", PAIR | other)
    with h5py.File(path, "a") as file:
        circle = file.create_group("circle")
        circle["itself"] = circle
    assert read_header(path).windows == 3
    flat = write(tmp_path / "val.h5", {"data": X, "label": Y, "spectra/mean": X} | other)
    assert read_header(flat).windows == 3


def test_where_no_labels_are_needed_all_groups_have_them_or_none(tmp_path):
    with h5py.File(write(tmp_path / "a.h5", {"a/X": X, "b/X": X})) as file:
        assert len(blocks_of(file, "a.h5", labelled=False)) == 2
    with (
        h5py.File(write(tmp_path / "b.h5", PAIR | {"b/X": X})) as file,
        pytest.raises(InputError, match="the group b holds X, and"),
    ):
        blocks_of(file, "b.h5", labelled=False)
