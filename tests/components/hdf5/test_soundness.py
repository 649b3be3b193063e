"""A file's arrays are its own, are stored by what is built in, and are no more than can be."""

import h5py
import numpy as np
import pytest

from components.failures import InputError
from components.hdf5 import read_header

SHAPE = (6, 2, 4)


def refused(path, match):
    with pytest.raises(InputError) as caught:
        read_header(path)
    said = str(caught.value)
    assert path.name in said and match in said and said.isprintable()


@pytest.fixture
def made(tmp_path):
    def write(fill):
        with h5py.File(tmp_path / "train.h5", "w") as file:
            fill(file)
            for key, value in (("data", np.zeros(SHAPE, "i2")), ("label", np.zeros(6, "i1"))):
                if key not in file.keys():  # noqa: SIM118 (a link that leads nowhere counts)
                    file[key] = value
        return tmp_path / "train.h5"

    return write


@pytest.fixture
def secret(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["data"], file["label"] = np.ones(SHAPE, "i2"), np.ones(6, "i1")
    return tmp_path / "secret.h5"


def test_links_to_other_files_are_refused(made, secret):
    path = made(lambda f: f.__setitem__("data", h5py.ExternalLink(str(secret), "/data")))
    refused(path, "`data` is a link to another file")


def test_soft_links_are_refused(made):
    def fill(file):
        file["there"] = np.zeros(SHAPE)
        file["data"] = h5py.SoftLink("/there")

    refused(made(fill), "`data` is a link;")


def test_virtual_datasets_are_refused(made, secret):
    def fill(file):
        layout = h5py.VirtualLayout(SHAPE, "i2")
        layout[:] = h5py.VirtualSource(str(secret), "data", SHAPE)
        file.create_virtual_dataset("data", layout)

    refused(made(fill), "virtual dataset")


def test_values_in_other_files_are_refused(made, tmp_path):
    (tmp_path / "values").write_bytes(bytes(1000))
    place = [(str(tmp_path / "values"), 0, 1000)]
    path = made(lambda f: f.create_dataset("label", (6,), "i1", external=place))
    refused(path, "/label keeps its values in another file")


def test_a_group_elsewhere_is_left_alone(tmp_path, secret):
    path = tmp_path / "train.h5"
    with h5py.File(path, "w") as file:
        file["0/X"], file["0/y"] = np.zeros(SHAPE), np.zeros(6)
        file["1"] = h5py.ExternalLink(str(secret), "/")
    assert read_header(path).windows == 6


@pytest.mark.parametrize(
    ("further", "name"), [({"scaleoffset": 2}, "scaleoffset (6)"), ({"compression": 32015}, "zstd")]
)
def test_the_filter_that_is_not_built_in_is_named(made, further, name):
    def fill(file):
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk(SHAPE)
        code = 6 if "scaleoffset" in further else further["compression"]
        plan.set_filter(code, h5py.h5z.FLAG_OPTIONAL, (2, 0)) if code != 6 else None
        if code == 6:
            file.create_dataset("data", SHAPE, "i2", chunks=SHAPE, **further)
        else:
            space = h5py.h5s.create_simple(SHAPE)
            h5py.h5d.create(file.id, b"data", h5py.h5t.STD_I16LE, space, plan)

    refused(made(fill), name)


@pytest.mark.parametrize("key", ["data", "label"])
def test_more_than_a_file_can_hold_is_refused_unless_it_is_trusted(key, made, monkeypatch):
    def fill(file):
        count = 4_000_000
        file.create_dataset("data", (count, 2, 40), "i2", chunks=(64, 2, 40), compression="gzip")
        file.create_dataset("label", (count,), "i8" if key == "label" else "i1", chunks=(4096,))

    path = made(fill)
    refused(path, "BIOTUNE_TRUST_HDF5=1")
    monkeypatch.setenv("BIOTUNE_TRUST_HDF5", "1")
    assert read_header(path).windows == 4_000_000


def test_huge_chunks_are_refused(made):
    def fill(file):
        chunks = (4096, 64, 1024)
        file.create_dataset("data", (6, 64, 1024), "i2", maxshape=(None,) * 3, chunks=chunks)

    refused(made(fill), "/data has chunks of 512 MiB")


def test_one_array_in_many_groups_is_counted_as_often(tmp_path):
    path = tmp_path / "train.h5"
    with h5py.File(path, "w") as file:
        x, y = file.create_dataset("x", (600, 2, 4000), "i2"), np.zeros(600, "i1")
        for number in range(40):
            group = file.create_group(str(number))
            group["X"], group["y"] = x, y
    refused(path, "its 40 groups are said to hold")


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("subject", ["x" * 5000] * 6, "`subject` holds a text of 5,000 characters"),
        ("label", [f"{i}" for i in range(6)], "/label is of type object; store numbers"),
        ("subject", np.zeros(6, [("a", "i4")]), "`subject` is of type"),
    ],
)
def test_columns_hold_what_they_must(made, key, value, match):
    refused(made(lambda f: f.__setitem__(key, value)), match)


def test_references_are_refused(made):
    def fill(file):
        file["data"] = np.zeros(SHAPE, "i2")
        file["subject"] = np.array([file["data"].ref] * 6, dtype=h5py.ref_dtype)

    refused(made(fill), "`subject` is of type object")


@pytest.mark.parametrize("value", [["x" * 200_000], np.zeros(20_000, "i1"), h5py.Empty("f")])
def test_attributes_are_short(made, value):
    path = made(lambda f: f.attrs.__setitem__("classes", value))
    if isinstance(value, h5py.Empty):
        with pytest.raises(InputError):
            read_header(path)
    else:
        refused(path, "train.h5")


def test_other_attributes_are_not_looked_at(made):
    path = made(lambda f: f.attrs.__setitem__("notes", np.zeros(8000)))
    assert read_header(path).windows == 6


def test_names_are_told_on_one_line(made):
    def fill(file):
        file["evil\n\x1b[31m"] = h5py.SoftLink("/nowhere")
        file["label"] = h5py.SoftLink("/evil")

    refused(made(fill), "`label` is a link")
