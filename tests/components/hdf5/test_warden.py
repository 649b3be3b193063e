"""A damaged or hostile file harms neither the step nor the machine, and is told in a line."""

import io
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from components.failures import InputError
from components.hdf5 import Windows, custody, read_header, warden

DAMAGED = Path(__file__).parents[2] / "data" / "damaged" / "hdf5"
CRASHES = sorted(DAMAGED.glob("crash_*.h5"))
HANGS = sorted(DAMAGED.glob("hang_*.h5"))


def write(path, **further):
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(48, dtype=np.int16).reshape(6, 2, 4)
        file["label"] = np.arange(6) % 2
        for key, value in further.items():
            file[key] = value
    return path


@pytest.mark.parametrize("file", CRASHES, ids=lambda file: file.name)
@pytest.mark.parametrize("way", ["path", "stream"])
def test_files_that_crash_the_library_are_refused(file, way):
    source = file if way == "path" else io.BytesIO(file.read_bytes())
    with pytest.raises(InputError, match=rf"{file.name}: .*damaged"):
        read_header(source, f"s3://bucket/{file.name}")


def test_at_least_one_of_them_does_crash_it():
    """Else the files show nothing about the other process any more."""
    program = (
        "import sys; from components.hdf5 import walking\n"
        "walking.walk(sys.argv[1], sys.argv[1], whole=True)"
    )
    codes = [
        subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True).returncode
        for file in CRASHES
    ]
    assert any(code < 0 for code in codes)


def test_a_chunk_where_none_can_be_is_told_before_it_is_read():
    """The library reads memory that is not its own for such a file, and crashes now and then."""
    with pytest.raises(InputError, match="/data has chunks where none can be"):
        read_header(DAMAGED / "misplaced_chunk.h5")


@pytest.mark.slow
@pytest.mark.parametrize("file", HANGS, ids=lambda file: file.name)
def test_files_that_hang_the_library_are_refused_in_time(file):
    with pytest.raises(InputError, match=rf"{file.name}: .*damaged"):
        read_header(file)


def test_the_other_process_knows_no_credentials_and_loads_no_plugin(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("HDF5_PLUGIN_PATH", "/somewhere")
    cell = custody.Cell()
    try:
        file = Path(f"/proc/{cell.process.pid}/environ")
        while not (environment := file.read_bytes()):  # empty for a moment after the start
            assert cell.process.poll() is None
    finally:
        cell.stop()
    assert b"a-secret" not in environment and b"/somewhere" not in environment
    assert b"HDF5_PLUGIN_PRELOAD=::" in environment


def test_a_file_is_tried_once_until_it_changes(tmp_path, monkeypatch):
    tried = []
    ask = warden._ask
    monkeypatch.setattr(warden, "_ask", lambda *args: tried.append(args[0]) or ask(*args))
    path = write(tmp_path / "train.h5")
    windows = Windows(path)
    windows.read([0])
    read_header(path)
    assert len(tried) == 1
    os.utime(path, (1, 1))
    read_header(path)
    assert len(tried) == 2


def test_what_was_begun_ahead_is_waited_for_and_not_done_twice(tmp_path, monkeypatch):
    tried = []
    ask = warden._ask

    def slowly(*args):
        tried.append(Path(args[0]).name)
        time.sleep(0.2)
        ask(*args)

    monkeypatch.setattr(warden, "_ask", slowly)
    (tmp_path / "bad.h5").write_bytes(CRASHES[0].read_bytes())
    path = write(tmp_path / "train.h5")
    warden.vet_ahead([tmp_path / "bad.h5", path, tmp_path / "gone.h5"])
    assert read_header(path).windows == 6
    assert tried.count("train.h5") == 1
    with pytest.raises(InputError, match="damaged"):
        read_header(tmp_path / "bad.h5")


def test_a_worker_does_not_try_it_again(tmp_path):
    import pickle

    windows = pickle.dumps(Windows(write(tmp_path / "train.h5")))
    program = (
        "import sys, pickle; from components.hdf5 import warden\n"
        "def never(*_): raise SystemExit('tried')\n"
        "warden._ask = never; pickle.loads(sys.stdin.buffer.read()).read([1])"
    )
    subprocess.run([sys.executable, "-c", program], input=windows, check=True)


def test_a_file_that_was_replaced_is_tried_before_a_worker_reads_it(tmp_path):
    path = write(tmp_path / "train.h5")
    windows = Windows(path)
    path.write_bytes(CRASHES[0].read_bytes())
    with pytest.raises(InputError, match="damaged"):
        windows.read([0])


def test_the_other_process_may_have_ended_for_want_of_questions(tmp_path):
    read_header(write(tmp_path / "train.h5"))
    warden._cell.stop()
    assert read_header(write(tmp_path / "val.h5")).windows == 6


def test_nothing_is_asked_of_it_for_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_header(tmp_path / "gone.h5")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_waited_for(make, tmp_path):
    make(tmp_path / "train.h5")
    with pytest.raises(InputError, match="is no file"):
        read_header(tmp_path / "train.h5")


def test_a_chunk_that_unpacks_without_end_is_refused(tmp_path):
    path = tmp_path / "train.h5"
    with h5py.File(path, "w") as file:
        file["label"] = np.zeros(40, int)
        data = file.create_dataset("data", (40, 2, 64), "i2", chunks=(1, 2, 64), compression="gzip")
        data[...] = 1
        data.id.write_direct_chunk((23, 0, 0), zlib.compress(bytes(20_000), 9))
    with pytest.raises(InputError, match=r"train\.h5: .*unpacks to more"):
        Windows(path)
