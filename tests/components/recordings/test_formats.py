"""One recording in every format gives the same windows, and other people's readers agree."""

from pathlib import Path

import mne
import numpy as np
import pyedflib
import pytest

from components.recordings import Prepared, Settings, find, open_recording, open_source, units
from tests import recorded

PLAIN = Settings(window=1, stride=1, unit="uV")


def windows(recording, settings=PLAIN):
    batches = list(Prepared(recording, settings).windows())
    assert [p for b in batches for p in b.places] == list(range(sum(len(b.data) for b in batches)))
    return np.concatenate([batch.data for batch in batches])


def in_format(kind, folder, data, labels, names):
    notes = recorded.spans(labels)
    if kind == "bids":
        recorded.write_bids(folder, data, names, notes, unit="")
        return open_source(find([folder])[0], PLAIN)
    path = {
        "edf": lambda: recorded.write_edf(folder / "a.edf", data, names, notes, subject="01"),
        "bdf": lambda: recorded.write_edf(
            folder / "a.bdf", data, names, notes, subject="01", bdf=True
        ),
        "fif": lambda: recorded.write_fif(
            folder / "a_raw.fif", data, names, notes, subject="01", first_sample=777
        ),
        "npz": lambda: recorded.write_npz(folder / "a.npz", data, names, notes, subject="01"),
        "packed npz": lambda: recorded.write_npz(
            folder / "a.npz", np.asfortranarray(data), names, notes, subject="01", compressed=True
        ),
        "csv": lambda: recorded.write_csv(folder / "a.csv", data, names, labels),
        "tsv": lambda: recorded.write_csv(folder / "a.tsv", data, names, labels, delimiter="\t"),
    }[kind]()
    return open_recording(path)


@pytest.mark.parametrize("kind", ["edf", "bdf", "fif", "npz", "packed npz", "csv", "tsv", "bids"])
def test_every_format_gives_the_same_windows(kind, tmp_path):
    data, labels, names = recorded.emg()
    opened = in_format(kind, tmp_path, data, labels, names)
    assert tuple(c.name for c in opened.channels) == names
    assert {c.sampling_rate for c in opened.channels} == {recorded.RATE}
    assert [n.text for n in opened.annotations] == [text for _, _, text in recorded.spans(labels)]
    times = [(n.onset, n.duration) for n in opened.annotations]
    np.testing.assert_allclose(times, [span[:2] for span in recorded.spans(labels)], atol=1e-4)
    assert opened.subject == (None if kind in ("csv", "tsv") else "01")
    expected = data.reshape(8, -1, 200).transpose(1, 0, 2)
    np.testing.assert_allclose(windows(opened), expected, rtol=1e-6, atol=1e-6)
    some = Settings(window=1, stride=0.5, unit="mV", channels=("EMG7", "EMG2"))
    found = windows(opened, some)
    np.testing.assert_allclose(found[::2], expected[:, [6, 1]] * 1e-3, rtol=1e-6, atol=1e-9)
    opened.close()


@pytest.mark.parametrize(
    "name",
    [
        "test_generator.edf",
        "test_generator.bdf",  # eleven channels at five rates
        "test_generator_datarec_generator_0_5.bdf",
        "test_subsecond.edf",
        "test_utf8.edf",
    ],
)
def test_files_that_a_package_ships_are_read_as_it_reads_them(name):
    path = Path(pyedflib.__file__).parent / "tests" / "data" / name
    opened = open_recording(path)
    with pyedflib.EdfReader(str(path)) as theirs:
        assert [c.name for c in opened.channels] == theirs.getSignalLabels()
        assert [c.unit for c in opened.channels] == [
            units.known(theirs.getPhysicalDimension(n)) for n in range(theirs.signals_in_file)
        ]
        for place, channel in enumerate(opened.channels):
            assert channel.sampling_rate == theirs.getSampleFrequency(place)
            whole = theirs.readSignal(place)
            assert channel.samples == len(whole)
            start = len(whole) // 3
            mine = opened.read([place], start, start + 333)[0]
            np.testing.assert_allclose(mine, whole[start : start + 333], rtol=1e-9, atol=1e-9)
        told = sorted(zip(*(column.tolist() for column in theirs.readAnnotations()), strict=True))
    notes = sorted((n.onset, n.duration, n.text) for n in opened.annotations)
    assert [n[2] for n in notes] == [n[2] for n in told]
    assert [n[0] for n in notes] == pytest.approx([n[0] for n in told])


def test_edf_gives_the_numbers_and_notes_that_mne_gives(tmp_path):
    data, labels, names = recorded.emg(3)
    path = recorded.write_edf(tmp_path / "a.edf", data, names, recorded.spans(labels))
    opened, raw = open_recording(path), mne.io.read_raw_edf(path, verbose="ERROR")
    assert opened.channels[0].samples == raw.n_times
    mine = opened.read(range(8), 0, raw.n_times)
    np.testing.assert_allclose(mine, raw.get_data() * 1e6, rtol=1e-9, atol=1e-9)
    assert [n.onset for n in opened.annotations] == raw.annotations.onset.tolist()
    assert [n.text for n in opened.annotations] == raw.annotations.description.tolist()


@pytest.mark.parametrize("date", [None, 0])
@pytest.mark.parametrize("first_sample", [0, 1000])
@pytest.mark.parametrize("crop", [0, 10])
def test_fif_annotations_lie_where_mne_has_their_events(tmp_path, date, first_sample, crop):
    data = np.zeros((2, 4000))
    path = recorded.write_fif(
        tmp_path / "a_raw.fif", data, "ab", [(12.0, 3.0, "x")], first_sample=first_sample,
        date=date, crop=crop,
    )  # fmt: skip
    raw = mne.io.read_raw_fif(path, verbose="ERROR")
    events, _ = mne.events_from_annotations(raw, verbose="ERROR")
    theirs = (events[:, 0] - raw.first_samp) / recorded.RATE
    assert [note.onset for note in open_recording(path).annotations] == theirs.tolist()
    assert theirs.tolist() == [12 - crop]


@pytest.mark.parametrize(
    ("told", "subject"),
    [({"his_id": "0", "id": 0}, None), ({"his_id": "S1", "id": 0}, "S1"), ({"id": 7}, "7")],
)
def test_a_fif_file_without_a_name_tells_no_subject(tmp_path, told, subject):
    """mne's anonymize calls everybody 0."""
    path = recorded.write_fif(tmp_path / "a_raw.fif", np.zeros((1, 400)), "a", subject=told)
    assert open_recording(path).subject == subject
