import errno
import os
import stat

import pytest

from components import artifacts
from components.artifacts import load_report, publish
from components.failures import Failure, InputError


def write(output) -> None:
    with publish(output) as folder:
        (folder / "a.txt").write_text("done")
        (folder / "deep").mkdir()


def test_a_folder_appears_whole(tmp_path):
    output = tmp_path / "new" / "parents" / "out"
    with publish(output) as folder:
        (folder / "a.txt").write_text("half")
        assert not output.exists()
        (folder / "a.txt").write_text("done")
    assert (output / "a.txt").read_text() == "done"
    assert os.listdir(output.parent) == ["out"]


def test_others_may_read_it(tmp_path):
    before = os.umask(0o022)
    try:
        with publish(tmp_path / "out") as folder:
            (folder / "private").touch(0o600)
            (folder / "link").symlink_to("nowhere")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / "out" / n).stat().st_mode) for n in (".", "private")]
    assert modes == [0o755, 0o644]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, InputError])
def test_nothing_is_left_when_the_work_fails(tmp_path, error):
    with pytest.raises(error), publish(tmp_path / "out") as folder:
        (folder / "a.txt").write_text("half")
        raise error("half-way")
    assert os.listdir(tmp_path) == []


def test_an_empty_folder_or_the_record_of_a_failure_is_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    write(tmp_path / "out")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "failure.json").write_text("{}")
    write(tmp_path / "again")
    assert sorted(os.listdir(tmp_path / "again")) == ["a.txt", "deep"]


def test_what_is_there_is_never_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("all my work")
    with pytest.raises(InputError, match=r"--output=.*out: .*not empty \(it holds thesis.txt\)"):
        write(tmp_path / "out")
    assert os.listdir(tmp_path / "out") == ["thesis.txt"]
    with pytest.raises(InputError, match="is a file"):
        write(tmp_path / "out" / "thesis.txt")


def test_another_run_that_was_quicker_is_not_overwritten(tmp_path):
    told = "not empty .*nothing is overwritten"
    with pytest.raises(InputError, match=told), publish(tmp_path / "out"):
        write(tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["out"]
    assert (tmp_path / "out" / "a.txt").read_text() == "done"


def test_a_link_to_an_empty_folder(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    write(tmp_path / "out")
    assert (tmp_path / "disk" / "a.txt").exists() and (tmp_path / "out").is_symlink()


def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for output in (tmp_path / "file" / "out", "/proc/out", "bad\0name"):
        with pytest.raises(InputError, match=r"--output=.*can't be written"):
            write(output)

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(artifacts.tempfile, "mkdtemp", refuse)
    with pytest.raises(InputError, match=r"can't be written \(Permission denied\)"):
        write(tmp_path / "out")


def test_a_full_disk_is_told(tmp_path):
    with pytest.raises(Failure, match="the disk is full") as full, publish(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert full.value.exit_code == 1
    assert os.listdir(tmp_path) == []


def test_other_errors_of_the_work_pass_unchanged(tmp_path):
    with pytest.raises(FileNotFoundError), publish(tmp_path / "out"):
        (tmp_path / "missing").read_text()


def test_load_report(tmp_path):
    (tmp_path / "report.json").write_text('{"coverage": {"tensors": 1.0}}')
    assert load_report(tmp_path)["coverage"] == {"tensors": 1.0}
    for text in ("[]", "{}", "{", ""):
        (tmp_path / "report.json").write_text(text)
        with pytest.raises(InputError, match=r"--backbone=.*load-checkpoint made"):
            load_report(tmp_path)
    with pytest.raises(InputError, match=r"--backbone=.*load-checkpoint made"):
        load_report(tmp_path / "missing")
