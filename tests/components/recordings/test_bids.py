"""What a BIDS data set says beside its recordings is believed, as far as the file bears it out."""

import pytest

from components.recordings import BrokenRecording, Prepared, Settings, find, open_source
from tests import recorded

SETTINGS = Settings(window=1, stride=1)


def made(root, **options):
    data, labels, names = recorded.emg(windows=10)
    options = {"unit": ""} | options
    return recorded.write_bids(root, data, names, recorded.spans(labels), **options)


def test_each_recording_of_a_data_set_is_found_once_with_its_subject(tmp_path):
    for subject in ("02", "01"):
        made(tmp_path, subject=subject)
    (tmp_path / "sub-01" / "emg" / "sub-01_task-gestures_notes.csv").write_text("x\n1\n")
    (tmp_path / "derivatives" / "sub-01").mkdir(parents=True)
    made(tmp_path / "derivatives")
    found = find([tmp_path])
    assert [source.name for source in found] == ["sub-01_task-gestures", "sub-02_task-gestures"]
    assert [open_source(source, SETTINGS).subject for source in found] == ["01", "02"]


def test_channels_are_marked_bad_and_get_the_unit_that_the_file_lacks(tmp_path):
    made(tmp_path, bad=["EMG3"])
    ready = Prepared(open_source(find([tmp_path])[0], SETTINGS), SETTINGS)
    assert ready.unit == "uV" and ready.bad == ("EMG3",)


def test_the_files_own_unit_is_believed(tmp_path, caplog):
    made(tmp_path, unit="mV")
    ready = Prepared(open_source(find([tmp_path])[0], SETTINGS), SETTINGS)
    assert ready.unit == "mV"
    assert "EMG1 is in mV, though sub-01_task-gestures_channels.tsv says uV" in caplog.text


def test_events_may_lie_above_the_recording_and_the_nearest_wins(tmp_path):
    file = made(tmp_path)
    file.with_name("sub-01_task-gestures_events.tsv").unlink()
    (tmp_path / "task-gestures_events.tsv").write_text(
        "onset\tduration\ttrial_type\tvalue\n1.5\tn/a\tgo\t1\n3\t2\tn/a\t7\n5\t2\tN/A\tn/a\n"
    )
    (tmp_path / "task-something-else_events.tsv").write_text(
        "onset\tduration\ttrial_type\n1\t1\twrong\n"
    )
    notes = open_source(find([tmp_path])[0], SETTINGS).annotations
    assert [(n.onset, n.duration, n.text) for n in notes] == [(1.5, 0.0, "go"), (3.0, 2.0, "7")]
    file.with_name("sub-01_events.tsv").write_text("onset\tduration\ttrial_type\n2\t1\tstop\n")
    notes = open_source(find([tmp_path])[0], SETTINGS).annotations
    assert [n.text for n in notes] == ["stop"]


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("task-gestures_emg.json", '{"SamplingFrequency": 2000}', "sampled at 200 Hz, but .* 2000"),
        ("task-gestures_emg.json", "[", "can't be read"),
        ("task-gestures_emg.json", "[]", "can't be read"),
        ("events.tsv", "onset\tduration\ttrial_type\nsoon\t1\tx\n", "line 2 has no number"),
        ("events.tsv", "onset\tduration\ttrial_type\n1\t1\n", "line 2 has 2 cells, but 3 headings"),
    ],
)
def test_sidecars_that_are_wrong_are_named(tmp_path, name, text, match):
    file = made(tmp_path)
    near = file.with_name(f"sub-01_task-gestures_{name}")
    (near if name == "events.tsv" else tmp_path / name).write_text(text)
    with pytest.raises(BrokenRecording, match=match) as told:
        open_source(find([tmp_path])[0], SETTINGS)
    assert name in str(told.value)


@pytest.mark.parametrize("told", ['"n/a"', "null", "[200]", "NaN", f"1{'0' * 400}"])
def test_a_rate_that_is_none_is_not_told(tmp_path, told):
    made(tmp_path)
    (tmp_path / "task-gestures_emg.json").write_text(f'{{"SamplingFrequency": {told}}}')
    assert open_source(find([tmp_path])[0], SETTINGS).channels[0].sampling_rate == recorded.RATE


def test_texts_of_events_stay_on_one_line(tmp_path):
    file = made(tmp_path)
    events = file.with_name("sub-01_task-gestures_events.tsv")
    events.write_text("onset\tduration\ttrial_type\n1\t1\ta\x1b[2J\n")
    assert open_source(find([tmp_path])[0], SETTINGS).annotations[0].text.isprintable()
