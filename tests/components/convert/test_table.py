"""Which recording a row of a table of labels is about."""

from pathlib import Path

import pytest

from components.convert.table import read
from components.failures import InputError
from components.recordings import Source


def sources(*files):
    return [Source(Path("in") / file, Path(file).with_suffix("").as_posix()) for file in files]


@pytest.fixture
def told(tmp_path):
    def write(text, *files):
        path = tmp_path / "labels.csv"
        path.write_text(text)
        return read(str(path), "label", sources(*files))

    return write


def test_a_recording_goes_by_its_path_or_by_a_file_name_that_is_its_own(told):
    rows = "recording,label\na/rec,x\na/rec.npz,y\nonly.edf,z\nrec.npz,w\n"
    table = told(rows, "a/rec.npz", "b/only.edf", "rec.npz")
    texts = {name: [span.text for span in spans] for name, spans in table.of_recordings.items()}
    assert texts == {"a/rec": ["x", "y"], "b/only": ["z"], "rec": ["w"]}


def test_a_file_name_that_several_recordings_have_says_nothing(told):
    rows = "recording,subject,onset,duration,label\nrec.npz,a,0,5,x\nrec.npz,b,5,5,y\n"
    with pytest.raises(InputError) as error:
        told(rows, "a/rec.npz", "b/rec.npz")
    assert "rec.npz may be a/rec, b/rec; write the path below the folder, as in a/rec" in str(
        error.value
    )


def test_a_recording_is_of_one_person(told):
    rows = "recording,subject,label\nrec.npz,a,x\nrec,,y\nrec,b,y\n"
    with pytest.raises(InputError, match=r"line 4 says that rec is of b, another line .* of a"):
        told(rows, "rec.npz")
    assert told(rows.replace(",b", ",a"), "rec.npz").subjects == {"rec": "a"}


def test_rows_that_name_no_recording_are_told(told, caplog):
    rows = "recording,label\na,x\nC,x\nC,y\n,x\n"
    with pytest.raises(InputError, match=r"names C, '', which none .* called, and does not name b"):
        told(rows, "a.npz", "b.npz")
    assert list(told(rows, "a.npz").of_recordings) == ["a"]
    assert "names C, '', which none of the recordings is called; those rows" in caplog.text


def test_people_go_with_and_without_the_prefix_of_bids(told):
    table = told("participant_id,label\nsub-1,x\n2,y\n3,y\n", "a.npz")
    assert [span.text for who in ("1", "sub-2") for span in table.spans_of("a", who)] == ["x", "y"]
    assert table.spans_of("a", "4") is None and table.strangers({"sub-1", "2"}) == ["3"]
