"""What is broken is told in one line that names the file, whatever is wrong with it."""

import zipfile

import numpy as np
import pytest

from components import extras
from components.failures import InputError
from components.recordings import BrokenRecording, Prepared, Settings, find, open_recording
from tests import recorded


def edf(folder, **options):
    data, labels, names = recorded.emg(windows=10)
    return recorded.write_edf(folder / "a.edf", data, names, recorded.spans(labels), **options)


def overwrite(path, at, text):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(text)


def refused(path, match):
    with pytest.raises(BrokenRecording, match=match) as told:
        opened = open_recording(path)
        opened.read([0], 0, opened.channels[0].samples)
    assert str(path) in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("at", "text", "match"),
    [
        (0, b"GIF89a  ", "does not begin as one"),
        (252, b"-1  ", "the number of signals is -1"),
        (236, b"99999   ", "it holds 10 of 99,999 records"),
        (244, b"0       ", "holds no signal over time"),
        (244, b"nan     ", "the duration of a record is nan"),
        (256 + 9 * 216, b"1e9     ", "cut short|takes"),
        (256 + 9 * 104, b"128     ", "its range of values is empty"),
    ],
)
def test_an_edf_header_that_is_wrong(tmp_path, at, text, match):
    path = edf(tmp_path)
    overwrite(path, at, text)
    refused(path, match)


def test_an_edf_file_that_is_cut_short(tmp_path):
    path = edf(tmp_path)
    path.write_bytes(path.read_bytes()[:-3000])
    refused(path, "cut short")


def test_random_damage_to_an_edf_file_never_crashes(tmp_path):
    path, rng = edf(tmp_path), np.random.default_rng(0)
    sound = path.read_bytes()
    for _ in range(300):
        held = bytearray(sound)
        for place in rng.integers(0, 2600, rng.integers(1, 6)):
            held[place] = rng.integers(256)
        path.write_bytes(held)
        try:
            opened = open_recording(path)
            for place, channel in enumerate(opened.channels):
                assert opened.read([place], 0, channel.samples).shape == (1, channel.samples)
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)


def test_an_interrupted_recording_is_refused_where_its_gap_is(tmp_path):
    path = edf(tmp_path)
    overwrite(path, 192, b"EDF+D")
    assert open_recording(path).channels  # it says that it may have gaps, and has none
    held = path.read_bytes()
    path.write_bytes(held.replace(b"+4\x14\x14", b"+9\x14\x14"))
    refused(path, r"interrupted \(EDF\+D\): at 4 s it goes on as 9 s")


def test_other_formats(tmp_path):
    (tmp_path / "a.fif").write_bytes(b"no FIF")
    refused(tmp_path / "a.fif", "no sound FIF file")
    (tmp_path / "b.npz").write_bytes(b"no archive")
    refused(tmp_path / "b.npz", "not a sound archive")
    np.savez(tmp_path / "c.npz", x=np.zeros(3))
    refused(tmp_path / "c.npz", "it has no `data`")
    np.savez(tmp_path / "d.npz", data=np.zeros((2, 5, 9)), sampling_rate=5)
    refused(tmp_path / "d.npz", r"\(2, 5, 9\); it must be \(channels, samples\)")
    np.savez(tmp_path / "e.npz", data=np.zeros((2, 9)))
    refused(tmp_path / "e.npz", "no sampling_rate; say it by --sampling-rate")
    (tmp_path / "g.npz").write_bytes((tmp_path / "e.npz").read_bytes().replace(b"}", b"{"))
    refused(tmp_path / "g.npz", "not a sound archive")
    np.savez(tmp_path / "f.npz", data=np.array([[{}]], dtype=object), sampling_rate=5)
    refused(tmp_path / "f.npz", "must be numbers")


def test_a_fif_file_that_leads_back_into_itself(tmp_path):
    """mne would follow its tags for ever."""
    data, _, names = recorded.emg(windows=5)
    path = recorded.write_fif(tmp_path / "a_raw.fif", data, names)
    overwrite(path, 36 + 12, (36).to_bytes(4, "big"))  # the second tag: the next one is itself
    refused(path, "its tags go round in a circle at byte 36")


def test_packed_samples_that_are_damaged(tmp_path):
    data, _, names = recorded.emg(windows=10)
    path = recorded.write_npz(tmp_path / "a.npz", data, names, compressed=True)
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("data.npy").header_offset + 2000
    overwrite(path, at, bytes(range(200)))
    refused(path, "not a sound archive")


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        (["time,a", "0,1", "0.01,2", "0.02,2", "0.5,3"], "from 0.02 to 0.5 at sample 4"),
        (["time,a", "0,1", "0.01,2", "0.005,3"], "jumps"),
        (["a,b", "1,2"], "no column `time`"),
        (["1,2", "3,4"], "must name the columns"),
        (["time,a", "0,1", "0.1,x"], "could not convert string 'x'"),
        (["time,a"], "holds no samples"),
        (["time (h),a", "0,1", "1,2"], "known are s, ms and us"),
    ],
)
def test_tables_that_are_no_samples(tmp_path, lines, match):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines))
    refused(path, match)


def test_an_empty_cell_is_a_hole(tmp_path):
    rows = [f"{n / 100},{'' if n == 250 else n},1" for n in range(500)]
    (tmp_path / "a.csv").write_text("\n".join(["time,a (uV),b (uV)", *rows]))
    batch = next(Prepared(open_recording(tmp_path / "a.csv"), Settings(1, 1)).windows())
    assert batch.finite.tolist() == [True, True, False, True, True]


def test_a_package_that_is_missing_is_named_with_its_extra(tmp_path, monkeypatch):
    data, _, names = recorded.emg(windows=5)
    path = recorded.write_npz(tmp_path / "a.npz", data, names)
    (tmp_path / "b.fif").touch()
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(
        InputError, match=r"mne: not installed here; pip install 'biotune\[convert\]'"
    ):
        open_recording(tmp_path / "b.fif")
    assert Prepared(open_recording(path), Settings(1, 1)).samples == 1000
    with pytest.raises(InputError, match="scipy: not installed here"):
        Prepared(open_recording(path), Settings(1, 1, low=20))


def test_texts_of_strangers_stay_on_one_line_and_differ_if_they_did(tmp_path):
    data, _, names = recorded.emg(windows=5)
    long = [f"{'Sensory-event, ' * 20}{side}" for side in ("left", "right")]
    notes = [(0, 1, "a\x1b[2J\nb"), (1, 1, long[0]), (2, 1, long[1]), (3, 1, f"{long[1]}\n")]
    names = ("E\nMG", f"{'E' * 150}\n1", f"{'E' * 150}\n2", *names[3:])
    path = recorded.write_npz(tmp_path / "a.npz", data, names, notes, subject="p\r1" * 40)
    opened = open_recording(path)
    texts = [note.text for note in opened.annotations]
    told = [*texts, *(channel.name for channel in opened.channels)]
    assert texts[1:3] == long and len(set(told)) == 4 + 8
    assert len(opened.subject) > 160 and all(text.isprintable() for text in [*told, opened.subject])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_annotation_at_no_time_is_refused(tmp_path, value):
    data, _, names = recorded.emg(windows=5)
    for note in ((value, 1.0, "x"), (1.0, value, "x")):
        path = recorded.write_npz(tmp_path / "a.npz", data, names, [(0, 1, "y"), note])
        refused(path, "annotation x: its onset and duration must be finite")


@pytest.mark.parametrize("stamp", [b"nan\x14", b"inf\x14"])
def test_a_time_stamp_that_is_no_time_is_refused(tmp_path, stamp):
    path = edf(tmp_path)
    overwrite(path, 192, b"EDF+D")  # so that it may have gaps, and this is none of them
    held = path.read_bytes()
    path.write_bytes(held.replace(b"+4\x14\x14", stamp))
    refused(path, r"its annotations are damaged: a time of (nan|inf)")


def test_two_files_of_one_name_are_refused(tmp_path):
    data, _, names = recorded.emg(windows=5)
    recorded.write_npz(tmp_path / "x" / "a.npz", data, names)
    recorded.write_csv(tmp_path / "x" / "a.csv", data, names)
    with pytest.raises(InputError, match=r"would have the same name \(a\)"):
        find([tmp_path / "x"])
    (tmp_path / "y").mkdir()
    with pytest.raises(InputError, match="no recordings there"):
        find([tmp_path / "y"])


def test_later_parts_of_a_divided_fif_are_no_recordings_of_their_own(tmp_path):
    for name in ("a_raw.fif", "a_raw-1.fif", "b_split-01_raw.fif", "b_split-02_raw.fif"):
        (tmp_path / name).touch()
    assert [s.name for s in find([tmp_path])] == ["a_raw", "b_split-01_raw"]
