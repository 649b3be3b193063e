"""Each recording below a folder is found once, whatever leads to it."""

import pytest

from components.failures import InputError
from components.recordings import find


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_linked_folders_are_searched_and_a_ring_of_links_ends(tmp_path):
    touch(tmp_path / "store" / "p2" / "a.edf")
    touch(tmp_path / "in" / "p1" / "a.edf")
    touch(tmp_path / "in" / ".hidden" / "a.edf")
    (tmp_path / "in" / "p2").symlink_to(tmp_path / "store" / "p2")
    (tmp_path / "in" / "p1" / "round").symlink_to(tmp_path / "in")
    (tmp_path / "store" / "p2" / "back").symlink_to(tmp_path / "store")
    assert [source.name for source in find([tmp_path / "in"])] == ["p1/a", "p2/a"]


def test_of_two_ways_to_a_file_the_one_left_out_is_told(tmp_path, caplog):
    real = touch(tmp_path / "in" / "real.edf")
    (tmp_path / "in" / "alias.edf").symlink_to(real)
    assert [source.name for source in find([tmp_path / "in"])] == ["real"]
    assert f"{tmp_path}/in/alias.edf: is {real} again; left out" in caplog.text
    caplog.clear()
    assert len(find([real, tmp_path / "in" / "real.edf"])) == 1 and not caplog.text


def test_a_subject_of_a_data_set_may_be_a_link(tmp_path):
    touch(tmp_path / "set" / "dataset_description.json")
    touch(tmp_path / "store" / "eeg" / "sub-01_task-x_eeg.edf")
    (tmp_path / "set" / "sub-01").symlink_to(tmp_path / "store")
    assert [source.name for source in find([tmp_path / "set"])] == ["sub-01_task-x"]


def test_a_null_byte_in_the_name_of_a_table_is_told(tmp_path):
    touch(tmp_path / "a.edf")
    with pytest.raises(InputError, match=r"'a\\x00b': a path has no null byte"):
        find([tmp_path], ["a\0b"])
