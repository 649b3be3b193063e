"""`biotune convert`: what is said of wrong input, in a line, with nothing left behind."""

import numpy as np
import pytest

from components import hdf5
from components.recordings import prepared, text
from tests import recorded
from tests.pipeline.conversion.converting import convert, dropped, read, refused, summary


def test_a_broken_file_of_many_is_named_and_the_rest_goes_on_if_asked(tmp_path, capsys):
    data, _, names = recorded.emg(windows=3)
    whole = recorded.write_edf(tmp_path / "in" / "r00.edf", data, names, [(0, 9, "x")], subject="X")
    for number in range(1, 100):
        (tmp_path / "in" / f"r{number:02d}.edf").write_bytes(whole.read_bytes())
    for number in (17, 42):
        (tmp_path / "in" / f"r{number}.edf").write_bytes(whole.read_bytes()[:-500])
    argv = [tmp_path / "in", "-o", tmp_path / "out", "--window", "1s", "--subject", r"/(r\d+)\.edf"]
    lines = refused(capsys, *argv).splitlines()
    assert len(lines) == 2 and "r17.edf" in lines[0] and "r42.edf" in lines[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]
    assert convert(*argv, "--skip-broken") == 0
    found = summary(tmp_path / "out")
    assert sorted(found["broken"]) == ["r17", "r42"] and len(found["recordings"]) == 98
    assert dropped(tmp_path / "out") == {"recording that can't be read": 2}
    assert sum(split["windows"] for split in found["splits"].values()) == 3 * 98


def test_a_file_that_breaks_off_while_it_is_read_leaves_no_window(tmp_path, monkeypatch):
    recorded.people(tmp_path / "in", 4)
    path = tmp_path / "in" / "p1" / "gestures.csv"
    data, labels, names = recorded.emg(1)
    (tmp_path / "in" / "p1" / "gestures.edf").unlink()
    recorded.write_csv(path, data, names, labels)
    lines = path.read_text().splitlines()
    lines[7000] = lines[7000].rsplit(",", 3)[0] + ",x,1,rest"
    path.write_text("\n".join(lines))
    monkeypatch.setattr(prepared, "_PIECE", 2**13)  # so that windows come before the fault
    monkeypatch.setattr(text, "_LINES", 1000)
    argv = [tmp_path / "in", "-o", tmp_path / "out", "--window", "1s", "--subject", r"/(p\d)/"]
    assert convert(*argv) == 2 and not (tmp_path / "out").exists()
    assert convert(*argv, "--skip-broken") == 0
    found = summary(tmp_path / "out")
    assert list(found["broken"]) == ["p1/gestures"]
    names = [name for split in hdf5.SPLITS for name in read(tmp_path / "out", split)[0].recordings]
    assert len(names) == 120 and "p1/gestures" not in names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--channels", "EMG1,EMG9"], "has no channel EMG9; it has EMG1, EMG2"),
        (["--unit", "T"], "channel EMG1 is in uV, which can't be converted to T"),
        (["--band", "20,450"], "--band: 450 Hz is not below 100 Hz, half the sampling rate"),
        (["--band", "90,20"], "--band=90,20: the lower corner must be below"),
        (["--notch", "fifty"], "--notch=fifty: must be a number"),
        (["--window", "400"], "--window=400: must be a number with a unit"),
        (["--window", "0s"], "--window: 0.0 must be a number above 0"),
        (["--window", "1h"], "--window=1h"),
        (["--window", "10min"], "no window is left (recording shorter than a window: 4)"),
        (["--labels", "none.csv"], "--labels=none.csv: neither `annotations` nor a table"),
        (["--split", "0.7/0.3"], "--split=0.7/0.3: neither three shares, as in 0.7,0.15,0.15"),
        (["--classes", "rest,jump"], "--classes: nothing is labelled jump; there are extension"),
        (["--split", "0.5,0.5"], "--split=0.5,0.5: give the shares of train, val and test"),
        (["--subject", "p\\d"], "--subject=p\\d: needs one group in brackets"),
        (["--subject", "(nobody)"], "does not say who was recorded; say it by --subject"),
        (["--resample", "201.37Hz"], "can't be resampled to 201.37 Hz"),
        (["--phase", "linear"], "--phase=linear: there are zero and causal"),
        (["--overlap", "2"], "--overlap=2: must be above 0 and at most 1"),
        (["--align", "--background", "rest"], "--background=rest: with --align windows begin at"),
        (["--seed", "one"], "--seed=one: must be a whole number"),
        (["--settings", "none.yaml"], "--settings=none.yaml: can't be read"),
    ],
)
def test_wrong_options_are_told_in_a_line(four, tmp_path, capsys, options, message):
    argv = [four, "-o", tmp_path / "out", "--window", "1s", *options]
    said = refused(capsys, *argv)
    assert message in said
    assert all(line.startswith(("--", "no ", "none.", str(four))) for line in said.splitlines())
    assert not (tmp_path / "out").exists()


def test_recordings_that_do_not_fit_together(tmp_path, capsys):
    data, labels, names = recorded.emg()
    notes = recorded.spans(labels)
    recorded.write_edf(tmp_path / "in" / "a.edf", data, names, notes, subject="a")
    recorded.write_edf(tmp_path / "in" / "b.edf", data, names, notes, subject="b", rates=400,
                       unit="mV")  # fmt: skip
    recorded.write_edf(tmp_path / "in" / "c.edf", data[:3], names[:3], notes, subject="c")
    argv = [tmp_path / "in", "-o", tmp_path / "out", "--window", "1s"]
    lines = refused(capsys, *argv).splitlines()
    assert len(lines) == 3
    assert "b.edf: is sampled at 400 Hz, but" in lines[0] and "--resample" in lines[0]
    assert "b.edf: is in mV, but" in lines[1] and "--unit" in lines[1]
    assert "c.edf: is of EMG1, EMG2, EMG3, but" in lines[2] and "--channels" in lines[2]
    mended = ["--resample", "200Hz", "--unit", "uV", "--channels", "EMG2"]
    assert convert(*argv, *mended) == 0


def test_a_unit_that_no_one_knows_is_refused_until_it_is_told(tmp_path, capsys):
    for person in range(3):
        data, labels, names = recorded.emg(person)
        path = tmp_path / "in" / f"{person}.edf"
        recorded.write_edf(path, data, names, recorded.spans(labels), subject="x", unit="a.u.")
    argv = [tmp_path / "in", "-o", tmp_path / "out", "--window", "1s", "--subject", r"(\d)\.edf"]
    said = refused(capsys, *argv, "--unit", "uV").splitlines()
    assert len(said) == 3 and "the unit of channel EMG1 is not known" in said[0]
    assert convert(*argv, "--unit", "uV", "--assume-unit", "mV") == 0
    data = read(tmp_path / "out", "train")[1].read([0])[0]
    assert np.abs(data).max() > 1000


def test_recordings_without_labels(tmp_path, capsys):
    data, _, names = recorded.emg()
    recorded.write_edf(tmp_path / "in" / "a.edf", data, names, subject="a")
    argv = [tmp_path / "in", "-o", tmp_path / "out", "--window", "1s"]
    said = refused(capsys, *argv)
    assert said == "no labels: none of 1 recordings has annotations; name a table by --labels"
    table = tmp_path / "labels.csv"
    table.write_text("recording,label\nb,rest\n")
    assert "names b, which none of the recordings is called, and does not name a" in refused(
        capsys, *argv, "--labels", table
    )
    table.write_text("subject,label\nb,rest\n")
    assert "labels none of the 1 recordings; the first is called a" in refused(
        capsys, *argv, "--labels", table
    )
    table.write_text("file,label\nb,rest\n")
    assert "needs the columns recording or subject" in refused(capsys, *argv, "--labels", table)
    assert "s3://b/r: recordings are converted from local files" in refused(
        capsys, "s3://b/r", *argv[1:]
    )
    assert "there is no such file or folder" in refused(capsys, tmp_path / "x", *argv[1:])
    assert "--window: say how long" in refused(capsys, *argv[:3])
    assert "--output: name the folder" in refused(capsys, tmp_path / "in")


def test_a_name_that_no_dataset_may_have(tmp_path, capsys):
    data, labels, names = recorded.emg()
    notes = recorded.spans(labels)
    recorded.write_npz(tmp_path / "in" / "a.npz", data, names, notes, subject="p" * 300)
    said = refused(capsys, tmp_path / "in", "-o", tmp_path / "out", "--window", "1s")
    assert "ppp... has 300 characters, and a dataset's names 256 at most" in said
