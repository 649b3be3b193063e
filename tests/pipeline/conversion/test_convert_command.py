"""`biotune convert`: what is written, what is dropped, and what is kept of how."""

import h5py
import numpy as np

from components import hdf5
from components.preflight.step import run as preflight
from components.recordings import Settings
from tests import recorded
from tests.pipeline.conversion.converting import convert, dropped, read, refused, summary

DEMO_CLASSES = ",".join(recorded.GESTURES)


def test_the_demo_taken_apart_into_edf_files_comes_back_to_the_last_bit(tmp_path, capsys):
    recorded.demo_as_edf(tmp_path)
    out = tmp_path / "data"
    argv = [tmp_path / "recordings", "-o", out, "--window", "1s", "--assume-unit", "full scale",
            "--classes", DEMO_CLASSES, "--split", tmp_path / "splits.csv"]  # fmt: skip
    assert convert(*argv) == 0
    assert "nothing was dropped" in capsys.readouterr().out
    for split in hdf5.SPLITS:
        (header, windows), (known, theirs) = read(out, split), read(recorded.DEMO, split)
        assert header.summary() == known.summary() and header.classes == known.classes
        assert (header.sampling_rate, header.unit) == (known.sampling_rate, known.unit)
        assert header.channel_names == known.channel_names
        mine = [name.rpartition("/")[2] for name in header.recordings]
        order = np.argsort(known.recordings, kind="stable")
        assert mine == known.recordings[order].tolist()
        data, labels = windows.read(np.arange(len(windows)))
        expected, truth = theirs.read(order)
        assert np.array_equal(data, expected) and np.array_equal(labels, truth)
    checked = preflight(str(recorded.DEMO / "pretrained.ckpt"), str(out), ["experiment=demo"])
    assert set(checked.dataset_fingerprints) == set(hdf5.SPLITS)


def test_settings_are_kept_with_the_windows_that_they_made(four, tmp_path):
    argv = [four, "-o", tmp_path / "data", "--window", "500ms", "--stride", "0.25s", "--resample",
            "1kHz", "--channels", "EMG5,EMG1", "--unit", "mV", "--band", "20,95", "--notch", "50",
            "--phase", "causal"]  # fmt: skip
    assert convert(*argv) == 0
    header, windows = read(tmp_path / "data", "train")
    assert (header.channels, header.samples, header.sampling_rate) == (2, 500, 1000)
    assert (header.channel_names, header.unit) == (("EMG5", "EMG1"), "mV")
    assert 0.001 < np.abs(windows.read(range(len(windows)))[0]).max() < 0.2
    with h5py.File(tmp_path / "data" / "train.h5") as file:
        kept = Settings.from_json(file.attrs["conversion"], "train.h5")
    assert kept == Settings(
        0.5, 0.25, ("EMG5", "EMG1"), "mV", 1000.0, 20.0, 95.0, (50.0,), "causal"
    )
    splits = summary(tmp_path / "data")["splits"]
    people = [subject for split in splits.values() for subject in split["subjects"]]
    assert sorted(people) == ["p0", "p1", "p2", "p3"]


def test_the_same_command_gives_the_same_bytes_from_a_file_of_options_too(four, tmp_path):
    options = tmp_path / "convert.yaml"
    options.write_text(
        "window: 1s\nstride: 0.5s\nchannels: [EMG1, EMG2]\nseed: 3\nband: [20, 90]\n"
    )
    argv = ["--window", "1s", "--stride", "0.5s", "--channels", "EMG1,EMG2", "--band", "20,90"]
    assert convert(four, "-o", tmp_path / "a", *argv, "--seed", "3") == 0
    options.write_text(f"{options.read_text()}inputs: {four}\noutput: {tmp_path / 'b'}\n")
    assert convert("--settings", options) == 0
    for split in hdf5.SPLITS:
        one, other = (tmp_path / name / f"{split}.h5" for name in "ab")
        assert one.read_bytes() == other.read_bytes()
    assert convert(four, "-o", tmp_path / "c", "--settings", options, "--seed", "4") == 0
    assert summary(tmp_path / "c")["wishes"]["seed"] == 4


def test_what_is_dropped_is_counted_by_its_reason(tmp_path):
    recorded.people(tmp_path / "in", 3)
    data, labels, names = recorded.emg(3)
    holed = data.copy()
    holed[2, 300], holed[0, 4100:4300] = np.nan, np.inf
    notes = [*recorded.spans(labels), (10, 1.5, "BAD_movement")]
    recorded.write_npz(tmp_path / "in" / "holed.npz", holed, names, notes, subject="p0")
    recorded.write_npz(tmp_path / "in" / "short.npz", data[:, :150], names, notes, subject="p1")
    recorded.write_fif(
        tmp_path / "in" / "loose_raw.fif", data, names, notes, subject="p2", bads=["EMG3"]
    )
    out = tmp_path / "out"
    assert convert(tmp_path / "in", "-o", out, "--window", "1s", "--unit", "uV") == 0
    assert dropped(out) == {
        "window marked bad by an annotation": 2,
        "window with values that are not finite": 3,
        "recording shorter than a window": 1,
        "recording with a channel marked bad": 1,
    }
    of = {one["name"]: one for one in summary(out)["recordings"]}
    assert of["holed"]["windows"] == 35 and of["loose_raw"]["windows"] == 0
    total = sum(split["windows"] for split in summary(out)["splits"].values())
    assert total == 35 + 3 * 40 == sum(len(read(out, split)[1]) for split in hdf5.SPLITS)


def test_a_table_can_say_all_that_the_files_do_not(tmp_path):
    rows = ["recording,subject,onset,duration,label"]
    for person in range(3):
        data, labels, names = recorded.emg(person)
        recorded.write_csv(tmp_path / "in" / f"r{person}.csv", data, names, unit=None)
        rows += [f"r{person},s{person},{o},{d},{text}" for o, d, text in recorded.spans(labels)]
    table = tmp_path / "in" / "labels.csv"  # among the recordings, and none of them
    table.write_text("\n".join(rows))
    argv = [tmp_path / "in", "-o", tmp_path / "out", "--window", "1s", "--labels", table,
            "--assume-unit", "uV", "--classes",
            "still=rest,fist,moves=flexion|extension"]  # fmt: skip
    assert convert(*argv) == 0
    found = summary(tmp_path / "out")
    assert found["classes"] == ["still", "fist", "moves"]
    counts = [
        sum(s["classes"][name] for s in found["splits"].values()) for name in found["classes"]
    ]
    every = [label for person in range(3) for label in recorded.emg(person)[1]]
    assert counts == [every.count(0), every.count(7), every.count(1) + every.count(2)]
    assert dropped(tmp_path / "out") == {
        "window with a label that is none of the classes": len(every) - sum(counts)
    }


def test_a_recording_that_the_table_leaves_out_is_unlabelled_and_no_background(
    tmp_path, monkeypatch
):
    data, _, names = recorded.emg()
    for name in "abcd":
        recorded.write_npz(tmp_path / "in" / f"{name}.npz", data, names, subject=name)
    (tmp_path / "in" / "d.npz").write_bytes(b"PK")
    monkeypatch.setenv("HOME", str(tmp_path))  # the table lies among recordings, and is none
    (tmp_path / "in" / "labels.csv").write_text(
        "recording,onset,duration,label\na,0,5,x\nb,0,0,\nd,0,5,x\n"
    )
    argv = [tmp_path / "in", "-o", tmp_path / "out", "--window", "1s", "--split", "1,0,0"]
    options = ["--labels", "~/in/labels.csv", "--background", "rest", "--skip-broken"]
    assert convert(*argv, *options) == 0
    assert summary(tmp_path / "out")["splits"]["train"]["classes"] == {"x": 5, "rest": 75}
    assert dropped(tmp_path / "out") == {
        "window that nobody labelled": 40,
        "recording that can't be read": 1,
    }


def test_a_blank_beside_a_label_is_none_of_it(tmp_path):
    data, _, names = recorded.emg()
    for name, text in zip("abc", ("rest ", "rest", " rest"), strict=True):
        path = tmp_path / "in" / f"{name}.npz"
        recorded.write_npz(path, data, names, [(0, 5, text), (5, 1, " BAD_jump")], subject=name)
    assert convert(tmp_path / "in", "-o", tmp_path / "out", "--window", "1s") == 0
    splits = summary(tmp_path / "out")["splits"].values()
    assert [split["classes"] for split in splits] == [{"rest": 5}] * 3
    assert dropped(tmp_path / "out")["window marked bad by an annotation"] == 3


def test_a_label_of_a_person_and_several_labels_of_a_window(four, tmp_path):
    table = tmp_path / "people.tsv"
    table.write_text(
        "participant_id\tage\tgroup\n" + "".join(f"sub-p{n}\t30\t{'ab'[n % 2]}\n" for n in range(4))
    )
    argv = [four, "--window", "1s", "--split", "0.5,0.5,0"]
    options = ["--labels", table, "--label-column", "group", "--stratify"]
    assert convert(*argv, "-o", tmp_path / "one", *options) == 0
    splits = summary(tmp_path / "one")["splits"]
    assert [split["classes"] for split in splits.values()] == [{"a": 40, "b": 40}] * 2
    assert not (tmp_path / "one" / "test.h5").exists()
    assert convert(*argv, "-o", tmp_path / "many", "--multi-label") == 0
    header, _ = read(tmp_path / "many", "train")
    assert header.labels.shape == (80, 8) and (header.labels.sum(axis=1) == 1).all()


def test_events_without_a_duration_get_one_and_windows_begin_at_them(tmp_path, capsys):
    data, _, names = recorded.emg()
    for person in range(3):
        path, notes = tmp_path / "in" / f"p{person}.edf", [(2.3, None, "go"), (11.1, None, "go")]
        recorded.write_edf(path, data, names, notes, subject=f"p{person}")
    argv = [tmp_path / "in", "-o", tmp_path / "out", "--window", "1s"]
    assert "give labels a length by --span" in refused(capsys, *argv)
    assert convert(*argv, "--span", "0.5s,2.6s", "--align") == 0
    windows = read(tmp_path / "out", "test")[1]
    assert len(windows) == 4
    first = windows.read([0])[0][0]
    np.testing.assert_allclose(first, data[:, 560:760], rtol=1e-6)
