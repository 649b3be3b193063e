"""What is no checkpoint, or no whole one, is told in one line that says what to do."""

import gzip
import pickle
import re
import tarfile

import h5py
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from components.checkpoint import open_checkpoint, stat
from components.failures import InputError


def refusal(path) -> str:
    with pytest.raises(InputError) as refused, open_checkpoint(str(path)):
        pass
    assert "\n" not in str(refused.value) and str(path) in str(refused.value)
    return str(refused.value)


STATE = {"model.w": torch.arange(40.0).reshape(8, 5), "model.b": torch.ones(3, dtype=torch.int64)}
LIGHTNING = {"epoch": 1, "pytorch-lightning_version": "2.6.6", "state_dict": STATE}


def read_all(path) -> dict[str, bytes]:
    with open_checkpoint(str(path)) as opened:
        return {name: b"".join(tensor.chunks()) for name, tensor in opened.tensors.items()}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"weights,epoch\n1,2\n" * 100, "is a text file"),
        ("größe".encode() * 200, "is a text file"),
        (b"{}", "is JSON, but no index"),
        (b'{"epoch": ', "damaged or no checkpoint"),
        (b"\n<!DOCTYPE html>\n<html>", "is a web page, not a checkpoint; download the file itself"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
            "is a git-lfs pointer.*git lfs pull",
        ),
        (gzip.compress(b"x" * 100, mtime=0), "gzip; unpack it first"),
        (pickle.dumps({"a": 1}), "is a bare pickle.*torch.load"),
        (bytes(1000), "nothing but zeros"),
        (b"\xde\xad\xbe\xef" * 10, "is of no known kind .it begins with de ad be ef"),
        (b"\x93NUMPY\x01\x00", "is a NumPy array"),
    ],
)
def test_files_of_other_kinds(tmp_path, content, told):
    (tmp_path / "last.ckpt").write_bytes(content)
    assert re.search(told, refusal(tmp_path / "last.ckpt"))


def test_hdf5_and_tar_and_old_torch_files(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = [1, 2]
    assert "is an HDF5 file (a dataset?)" in refusal(tmp_path / "a.h5")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "a.h5", "storages")
    assert "is a tar archive" in refusal(tmp_path / "a.tar")
    torch.save(STATE, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert "before 1.6" in refusal(tmp_path / "old.pt")
    assert "torch.load(..., weights_only=True)" in refusal(tmp_path / "old.pt")


def test_missing_files_and_folders(tmp_path):
    assert "no such file" in refusal(tmp_path / "missing.ckpt")
    (tmp_path / "notes.txt").touch()
    told = refusal(tmp_path)
    assert "is a folder with no *.safetensors.index.json (it holds notes.txt)" in told
    with pytest.raises(InputError, match="is a folder with no"):
        stat(str(tmp_path))


def test_what_a_file_is_its_name_does_not_tell(tmp_path):
    torch.save(STATE, tmp_path / "a.safetensors")
    save_file(STATE, tmp_path / "a.pt")
    assert read_all(tmp_path / "a.safetensors") == read_all(tmp_path / "a.pt")
    with open_checkpoint(f"file://{tmp_path}/a.pt") as opened:
        assert opened.format == "safetensors"


def test_another_file_than_that_of_the_fingerprint_is_refused(tmp_path):
    torch.save(STATE, tmp_path / "a.pt")
    found = stat(str(tmp_path / "a.pt"))
    assert found.size == (tmp_path / "a.pt").stat().st_size
    with open_checkpoint(str(tmp_path / "a.pt"), fingerprint=found.fingerprint) as opened:
        assert list(opened.tensors) == list(STATE)
    torch.save({"w": torch.ones(1)}, tmp_path / "a.pt")
    with (
        pytest.raises(InputError, match="not the one that was checked"),
        open_checkpoint(str(tmp_path / "a.pt"), fingerprint=found.fingerprint),
    ):
        pass


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("originals")
    torch.save(LIGHTNING, folder / "a.ckpt")
    save_file(STATE, folder / "a.safetensors")
    return {file.suffix: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("kind", [".ckpt", ".safetensors"])
def test_cut_off_files(tmp_path, originals, kind):
    whole = originals[kind]
    path = tmp_path / f"cut{kind}"
    for length in {*range(0, len(whole), max(1, len(whole) // 120)), 8, 9, 30, len(whole) - 1}:
        path.write_bytes(whole[:length])
        assert refusal(path)
    path.write_bytes(whole)
    assert read_all(path) == {n: bytes(t.flatten().view(torch.uint8)) for n, t in STATE.items()}


def test_a_file_that_is_cut_while_it_is_read(tmp_path):
    save_file({"w": torch.ones(100_000)}, tmp_path / "a.safetensors")
    with open_checkpoint(str(tmp_path / "a.safetensors")) as opened:
        with (tmp_path / "a.safetensors").open("r+b") as file:
            file.truncate(1000)
        with pytest.raises(InputError, match="became shorter while it was read"):
            list(opened.tensors["w"].chunks())


@settings(
    max_examples=200,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_changed_bytes_are_refused_or_harmless(tmp_path, originals, data):
    whole = bytearray(originals[".ckpt"])
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "changed.ckpt"
    path.write_bytes(whole)
    try:
        found = read_all(path)
    except InputError as error:
        assert "changed.ckpt" in str(error) and "\n" not in str(error)
    else:
        # the checksums of torch's zip see to it
        assert found == {n: bytes(t.flatten().view(torch.uint8)) for n, t in STATE.items()}


@settings(
    max_examples=100,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.integers(0, 200), byte=st.integers(0, 255))
def test_changed_headers_of_safetensors_do_not_crash(tmp_path, originals, place, byte):
    whole = bytearray(originals[".safetensors"])
    whole[place] = byte
    path = tmp_path / "changed.safetensors"
    path.write_bytes(whole)
    try:
        found = read_all(path)
    except InputError as error:
        assert "changed.safetensors" in str(error) and "\n" not in str(error)
    else:
        assert sum(map(len, found.values())) <= len(whole)
