"""Files on this machine."""

import errno
import hashlib
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from components import storage
from components.failures import Failure, InputError

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "weights.bin"
    path.parent.mkdir()
    path.write_bytes(b"0123456789")
    return path


def test_the_fingerprint_is_the_digest_of_the_content(file):
    found = storage.stat(str(file))
    assert (found.size, found.uri) == (10, str(file))
    assert found.fingerprint == f"sha256:{hashlib.sha256(b'0123456789').hexdigest()}"


def test_fetch_gives_the_file_itself_and_copies_nothing(file, tmp_path):
    assert storage.fetch(str(file), tmp_path / "into") == file
    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize(
    "read", [storage.open_binary, lambda uri, **k: storage.fetch(uri, "x", **k)]
)
def test_a_file_changed_since_it_was_checked_is_refused(file, read):
    fingerprint = storage.stat(str(file)).fingerprint
    read(str(file), fingerprint=fingerprint)
    file.write_bytes(b"other")
    with pytest.raises(InputError, match="not the one that was checked"):
        read(str(file), fingerprint=fingerprint)


@pytest.mark.parametrize("function", [storage.stat, storage.open_binary])
def test_missing_file_and_folder_end_as_one_line(file, function):
    with pytest.raises(InputError, match="no such file"):
        function(str(file.parent / "none"))
    with pytest.raises(InputError, match="is a folder where a file is wanted"):
        function(str(file.parent))
    with pytest.raises(InputError, match="part of the path is a file"):
        function(str(file / "below"))
    with pytest.raises(InputError, match="null"):
        function(f"{file}\0")


def test_listing_and_existence(file):
    folder = str(file.parent)
    (file.parent / "sub").mkdir()
    assert storage.listing(folder) == ["sub", "weights.bin"]
    assert storage.exists(folder) and storage.exists(str(file))
    assert storage.is_folder(folder) and not storage.is_folder(str(file))
    assert not storage.exists(f"{folder}/none") and not storage.is_folder(f"{folder}/none")
    with pytest.raises(InputError, match="no such"):
        storage.listing(f"{folder}/none")


def test_put_a_file_and_a_folder(file, tmp_path):
    storage.put(file, str(tmp_path / "a" / "copy.bin"))
    storage.put(file, f"{tmp_path}/b/")
    (file.parent / "sub").mkdir()
    (file.parent / "sub" / "x").write_bytes(b"x")
    storage.put(file.parent, str(tmp_path / "c"))
    assert (tmp_path / "a" / "copy.bin").read_bytes() == b"0123456789"
    assert (tmp_path / "b" / "weights.bin").read_bytes() == b"0123456789"
    found = {p.relative_to(tmp_path / "c").as_posix() for p in (tmp_path / "c").rglob("*")}
    assert found == {"weights.bin", "sub", "sub/x"}


def test_put_of_nothing_and_onto_a_folder_are_refused(file, tmp_path):
    with pytest.raises(InputError, match="no file is there"):
        storage.put(tmp_path / "none", str(tmp_path / "x"))
    with pytest.raises(InputError, match="is a folder"):
        storage.put(file, str(file.parent))


def test_an_unwritable_target_is_told_and_left_alone(file):
    with pytest.raises(InputError, match="part of the path is a file"):
        storage.put(file, str(file / "below" / "x"))
    assert file.read_bytes() == b"0123456789"


def test_a_copy_that_breaks_off_leaves_nothing(file, tmp_path, monkeypatch):
    def breaks_off(source, target):
        Path(target).write_bytes(b"012")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copy", breaks_off)
    with pytest.raises(Failure, match="disk is full") as caught:
        storage.put(file, str(tmp_path / "out" / "copy.bin"))
    assert caught.value.exit_code == 1
    assert os.listdir(tmp_path / "out") == []


def test_a_disk_that_is_too_small_is_told_before_the_copy(file, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(100, 95, 9))
    with pytest.raises(Failure, match="free some space"):
        storage.put(file, str(tmp_path / "out" / "copy.bin"))
    assert os.listdir(tmp_path / "out") == []


def test_readers_of_files_do_not_wait_for_boto3(file):
    program = (
        "import sys; from components import storage; "
        f"storage.fetch({str(file)!r}, '.'); sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
