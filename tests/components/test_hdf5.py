import io
import pickle

import h5py
import numpy as np
import pytest

from components.failures import InputError
from components.hdf5 import Windows, read_header


@pytest.fixture
def flat(tmp_path):
    path = tmp_path / "train.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file["data"] = rng.integers(-128, 128, (50, 3, 7), dtype=np.int8)
        file["label"] = np.arange(50, dtype=np.uint8)
        file["subject"] = [f"s{i // 25}" for i in range(50)]
        file.attrs["sampling_rate"] = 200
        file.attrs["channels"] = ["a", "b", "c"]
        file.attrs["unit"] = "uV"
        file.attrs["classes"] = ["rest", "fist"]
        file.attrs["scale"] = 0.5
    return path


@pytest.fixture
def grouped(tmp_path):
    """Eleven groups, as the EEG preparation scripts write them; one has failed and is gone."""
    path = tmp_path / "grouped.h5"
    with h5py.File(path, "w") as file:
        for number in [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]:
            group = file.create_group(f"data_group_{number}")
            size = 3 if number % 2 else 2
            group["X"] = np.full((size, 2, 4), number, dtype=np.float64)
            group["y"] = np.full(size, number, dtype=np.int8)
    return path


def test_header_of_the_flat_layout(flat):
    header = read_header(flat)
    assert (header.windows, header.channels, header.samples) == (50, 3, 7)
    assert (header.sampling_rate, header.unit, header.scale) == (200.0, "uV", 0.5)
    assert header.channel_names == ("a", "b", "c")
    assert header.classes == ("rest", "fist")
    assert list(header.subjects[[0, 49]]) == ["s0", "s1"]
    assert header.recordings is None
    assert header.summary() == {"windows": 50, "subjects": 2, "recordings": None}


def test_a_header_is_read_from_any_seekable_file(flat):
    assert read_header(io.BytesIO(flat.read_bytes()), "s3://bucket/train.h5").windows == 50


@pytest.mark.parametrize("wanted", [[3], [7, 3, 49, 0], list(range(10, 20)), [48, 49]])
def test_batches_come_in_the_order_asked_for_and_in_physical_units(flat, wanted):
    inputs, labels = Windows(flat).read(wanted)
    with h5py.File(flat) as file:
        stored = file["data"][()]
    assert inputs.dtype == np.float32 and labels.dtype == np.int64
    np.testing.assert_array_equal(inputs, stored[wanted] * np.float32(0.5))
    np.testing.assert_array_equal(labels, wanted)


def test_groups_are_read_in_key_order_across_their_borders(grouped):
    windows = Windows(grouped)
    inputs, labels = windows.read(range(len(windows)))
    order = sorted([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11], key=str)
    expected = [number for number in order for _ in range(3 if number % 2 else 2)]
    assert labels.tolist() == expected
    shuffled = np.random.default_rng(1).permutation(len(windows))
    again, shuffled_labels = windows.read(shuffled)
    np.testing.assert_array_equal(again, inputs[shuffled])
    np.testing.assert_array_equal(shuffled_labels, labels[shuffled])


def test_an_open_reader_travels_to_a_worker_without_its_handle(flat):
    windows = Windows(flat)
    windows.read([0])
    assert pickle.loads(pickle.dumps(windows)).read([5])[1].tolist() == [5]


def _write(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, value in datasets.items():
            file[name] = value


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"data": np.zeros((3, 2, 4))}, "neither `data` and `label`"),
        ({"data": np.zeros((3, 2, 4)), "label": np.zeros(2)}, "3 windows but 2 labels"),
        ({"data": np.zeros((3, 4)), "label": np.zeros(3)}, "(channels, samples)"),
        ({"data": np.zeros((0, 2, 4)), "label": np.zeros(0)}, "holds no window"),
        ({"data": np.full((3, 2, 4), b"x"), "label": np.zeros(3)}, "/data is of type |S1"),
        ({"data": np.zeros((3, 2, 4)), "label": np.zeros(())}, "/label must be an array"),
        ({"data/part": np.zeros(3), "label": np.zeros(3)}, "/data must be an array"),
        (
            {"data": np.zeros((3, 2, 4)), "label": np.zeros(3), "subject": ["a", "b"]},
            "`subject` has the shape (2,); it must be (3,)",
        ),
        (
            {f"{g}/X": np.zeros((3, 2, 4)) for g in "ab"}
            | {"a/y": np.zeros((3, 1)), "b/y": np.zeros((3, 2))},
            "labels of different shapes",
        ),
    ],
)
def test_a_file_in_neither_layout_is_refused_by_name(tmp_path, content, expected):
    path = tmp_path / "odd.h5"
    _write(path, **content)
    with pytest.raises(InputError) as caught:
        read_header(path)
    assert expected in str(caught.value) and "odd.h5" in str(caught.value)


def test_no_hdf5_is_refused(tmp_path):
    path = tmp_path / "text.h5"
    path.write_text("not HDF5")
    with pytest.raises(InputError, match="not a readable HDF5 file"):
        read_header(path)


@pytest.mark.parametrize("key", ["sampling_rate", "scale"])
def test_an_attribute_that_is_no_number_is_named(flat, key):
    with h5py.File(flat, "a") as file:
        file.attrs[key] = "fast"
    with pytest.raises(InputError, match=f"attribute {key} is 'fast'"):
        read_header(flat)


def _with_spoilt_chunk(path, compression):
    """Eighty windows in as many chunks, one of them damaged where no sample looks."""
    with h5py.File(path, "w") as file:
        data = np.random.default_rng(0).integers(0, 3, (80, 2, 50)).astype(float)
        file.create_dataset("data", data=data, chunks=(1, 2, 50), compression=compression)
        file["label"] = np.zeros(80, int)
        chunk = file["data"].id.get_chunk_info(44)
    with path.open("r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(b"\xff" * chunk.size)
    return path


def test_damage_behind_the_header_is_told_before_it_is_reached(tmp_path):
    with pytest.raises(InputError, match=r"train\.h5: damaged"):
        Windows(_with_spoilt_chunk(tmp_path / "train.h5", "gzip"))


def test_damage_that_no_trial_finds_is_told_where_it_is_read(tmp_path):
    windows = Windows(_with_spoilt_chunk(tmp_path / "train.h5", "lzf"))
    with pytest.raises(InputError, match=r"train\.h5: damaged"):
        windows.read([44])


def test_a_scale_of_zero_is_refused(flat):
    with h5py.File(flat, "a") as file:
        file.attrs["scale"] = 0
    with pytest.raises(InputError, match="scale is 0"):
        read_header(flat)


@pytest.mark.parametrize("key", ["sampling_rate", "scale"])
def test_one_scale_and_one_rate_are_for_all_channels(flat, key):
    with h5py.File(flat, "a") as file:
        file.attrs[key] = [2.0, 2.0, 2.0]
    assert getattr(read_header(flat), key) == 2
    with h5py.File(flat, "a") as file:
        file.attrs[key] = [2.0, 2.0, 1e-3]
    with pytest.raises(InputError, match=f"attribute {key} holds 3 values that differ"):
        read_header(flat)


@pytest.mark.parametrize(("file", "place"), [("flat", "data"), ("grouped", "data_group_7")])
def test_a_scale_that_is_not_the_files_is_refused(request, file, place):
    path = request.getfixturevalue(file)
    with h5py.File(path, "a") as opened:
        opened[place].attrs["scale"] = 0.1
    with pytest.raises(InputError, match=f"/{place} has an attribute scale"):
        read_header(path)


def test_a_subject_has_one_name_however_it_is_stored(flat):
    found = []
    for dtype in ("i8", "f8", "u1", "f4"):
        with h5py.File(flat, "a") as file:
            del file["subject"]
            file["subject"] = (np.arange(50) // 25).astype(dtype)
        found.append(np.unique(read_header(flat).subjects).tolist())
    assert found == [["0", "1"]] * 4
    with h5py.File(flat, "a") as file:
        file["subject"][...] = 0.5
    assert set(read_header(flat).subjects) == {"0.5"}


def test_a_window_of_no_subject_is_refused(flat):
    with h5py.File(flat, "a") as file:
        del file["subject"]
        file["subject"] = np.r_[np.zeros(49), np.nan]
    with pytest.raises(InputError, match="`subject` holds NaN"):
        read_header(flat)
