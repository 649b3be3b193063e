"""What is filtered and resampled piece by piece is what the whole recording would have given."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from components.failures import InputError
from components.recordings import Prepared, Settings, filters, open_recording, prepared
from tests import recorded

RATE = 1000


@pytest.fixture(scope="module")
def wandering(tmp_path_factory):
    """A minute of two channels that drift far from zero, with mains hum."""
    rng = np.random.default_rng(0)
    time = np.arange(60 * RATE) / RATE
    data = np.cumsum(rng.standard_normal((2, time.size)), axis=1) + 300
    data += 20 * np.sin(2 * np.pi * 50 * time)
    path = tmp_path_factory.mktemp("whole") / "a.npz"
    np.savez(path, data=data, sampling_rate=RATE, unit="uV")
    return path, data


def joined(path, settings, monkeypatch=None, piece=None, starts=None):
    if piece:
        monkeypatch.setattr(prepared, "_PIECE", piece)
    ready = Prepared(open_recording(path), settings)
    batches = list(ready.windows(starts))
    data = np.concatenate([b.data for b in batches])
    return ready, data.transpose(1, 0, 2).reshape(data.shape[1], -1)


@pytest.mark.parametrize("piece", [2**12, 2**15, 2**21])
@pytest.mark.parametrize(
    ("low", "high", "notch"), [(20, 450, (50.0, 150.0)), (0.5, None, ()), (None, 30, ())]
)
def test_zero_phase_is_sosfiltfilt_of_the_whole(wandering, monkeypatch, low, high, notch, piece):
    path, data = wandering
    settings = Settings(window=1, stride=1, low=low, high=high, notch=notch)
    _, found = joined(path, settings, monkeypatch, piece)
    whole = signal.sosfiltfilt(filters.designed(settings, RATE), data, axis=1)
    np.testing.assert_allclose(found, whole, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("piece", [2**12, 2**21])
def test_causal_uses_no_sample_of_the_future(wandering, monkeypatch, piece):
    path, data = wandering
    settings = Settings(window=1, stride=1, low=20, high=450, phase="causal")
    _, found = joined(path, settings, monkeypatch, piece)
    sos = filters.designed(settings, RATE)
    begin = signal.sosfilt_zi(sos)[:, None, :] * data[:, 0][None, :, None]
    whole = signal.sosfilt(sos, data, axis=1, zi=begin)[0]
    np.testing.assert_allclose(found, whole, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("piece", [2**12, 2**15, 2**21])
@pytest.mark.parametrize(("wanted", "up", "down"), [(360, 9, 25), (2000, 2, 1), (999, 999, 1000)])
def test_resampling_is_resample_poly_of_the_whole(wandering, monkeypatch, wanted, up, down, piece):
    path, data = wandering
    settings = Settings(window=1, stride=1, sampling_rate=wanted)
    ready, found = joined(path, settings, monkeypatch, piece)
    whole = signal.resample_poly(data, up, down, axis=1, padtype="edge")
    assert ready.samples == whole.shape[1]
    np.testing.assert_allclose(found, whole[:, : found.shape[1]], rtol=1e-6, atol=1e-3)


def test_channels_of_two_rates_meet_at_the_rate_asked_for(tmp_path):
    time = np.arange(2000) / 200
    fast, slow = (100 * np.sin(2 * np.pi * 3 * t) for t in (time, time[::4]))
    path = recorded.write_edf(tmp_path / "a.edf", [fast, slow], ["fast", "slow"], rates=[200, 50])
    with pytest.raises(InputError, match=r"sampled at 200 and 50 Hz; .*--resample"):
        Prepared(open_recording(path), Settings(window=1, stride=1))
    ready, found = joined(path, Settings(window=1, stride=1, sampling_rate=200))
    assert ready.channels == ("fast", "slow") and found.shape == (2, 2000)
    middle = slice(200, 1800)
    np.testing.assert_allclose(found[1, middle], found[0, middle], atol=1.5)  # steps of 1


@pytest.mark.parametrize("piece", [2**12, 2**21])
def test_a_hole_spoils_the_windows_it_lies_in_and_no_others(
    wandering, monkeypatch, tmp_path, piece
):
    _, data = wandering
    holed = data.copy()
    holed[0, 10_500], holed[1, 20_100:22_050] = np.nan, np.inf
    np.savez(tmp_path / "a.npz", data=holed, sampling_rate=RATE, unit="uV")
    monkeypatch.setattr(prepared, "_PIECE", piece)
    settings = Settings(window=1, stride=1, low=20, high=450, sampling_rate=500)
    batches = list(Prepared(open_recording(tmp_path / "a.npz"), settings).windows())
    finite = np.concatenate([b.finite for b in batches])
    assert np.flatnonzero(~finite).tolist() == [10, 20, 21, 22]
    assert all(np.isfinite(b.data).all() for b in batches)


@pytest.mark.parametrize("phase", ["zero", "causal"])
def test_a_recording_that_begins_with_a_hole_begins_as_its_first_good_value(
    wandering, monkeypatch, tmp_path, phase
):
    """Far from zero, where a filter that began with 0 would ring for seconds."""
    _, data = wandering
    holed, filled = data + 5000, data + 5000
    filled[0, :7001], filled[1, :3] = filled[0, 7001], filled[1, 3]
    holed[0, :7001], holed[1, :3] = np.nan, [np.inf, np.nan, 1e39]  # float32 ends at 3e38
    np.savez(tmp_path / "a.npz", data=holed, sampling_rate=RATE, unit="uV")
    monkeypatch.setattr(prepared, "_PIECE", 2**12)  # a third of the hole
    settings = Settings(window=1, stride=1, low=0.5, high=40, phase=phase)
    batches = list(Prepared(open_recording(tmp_path / "a.npz"), settings).windows())
    assert np.concatenate([b.finite for b in batches]).tolist() == 8 * [False] + 52 * [True]
    found = np.concatenate([b.data for b in batches]).transpose(1, 0, 2).reshape(2, -1)
    sos = filters.designed(settings, RATE)
    if phase == "zero":
        whole = signal.sosfiltfilt(sos, filled, axis=1)
    else:
        begin = signal.sosfilt_zi(sos)[:, None, :] * filled[None, :, :1]
        whole = signal.sosfilt(sos, filled, axis=1, zi=begin)[0]
    np.testing.assert_allclose(found, whole, rtol=1e-6, atol=1e-4)


def test_a_channel_without_a_good_value_is_looked_through_piece_by_piece(monkeypatch, tmp_path):
    data = np.stack([np.full(20_000, np.nan), np.ones(20_000)])
    np.savez(tmp_path / "a.npz", data=data, sampling_rate=RATE, unit="uV")
    recording = open_recording(tmp_path / "a.npz")
    sizes, read = [], recording.read
    monkeypatch.setattr(prepared, "_PIECE", 2**12)
    monkeypatch.setattr(recording, "read", lambda *args: sizes.append(args) or read(*args))
    batches = list(Prepared(recording, Settings(1, 1, low=20)).windows())
    assert not any(batch.finite.any() for batch in batches)
    assert max(stop - start for _, start, stop in sizes) <= 2**11
    assert sum(stop - start for _, start, stop in sizes) <= 2 * 20_000


@pytest.mark.parametrize(
    ("before", "there", "after", "options"),
    [
        (1, 1.7e308, 1, {}),
        (1, 1.7e308, 1, {"low": 20}),
        (3.4e38, 0, -3.4e38, {"sampling_rate": 2000}),
    ],
    ids=["as it is", "filtered", "made too large by a step that resampling overshoots"],
)
def test_what_a_window_cannot_hold_is_not_finite(tmp_path, before, there, after, options):
    data = np.concatenate([np.full(2500, before), [there], np.full(2499, after)])[None]
    np.savez(tmp_path / "a.npz", data=data, sampling_rate=RATE, unit="uV")
    ready = Prepared(open_recording(tmp_path / "a.npz"), Settings(1, 1, **options))
    finite = np.concatenate([batch.finite for batch in ready.windows()])
    assert finite.tolist() == [True, True, False, True, True]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"low": 1e-7}, "--band: 1e-07 Hz is below 0.001 Hz, a millionth of the sampling rate"),
        ({"high": 1e-9}, "--band: 1e-09 Hz is below"),
        ({"notch": (1e-5,)}, "--notch: 1e-05 Hz is below"),
        ({"low": 499.9999}, "--band: 500 Hz is not below 500 Hz"),
        ({"low": 100, "high": 100.0001}, "--band: 100 and 100.0001 Hz are not 0.001 Hz apart"),
        ({"window": 1e308}, "--window: 1e+308 s are too many samples at 1000 Hz"),
        ({"stride": 1e308}, "--stride: 1e+308 s are too many samples at 1000 Hz"),
    ],
)
def test_what_no_filter_and_no_window_can_be(wandering, settings, message):
    settings = Settings(**{"window": 1, "stride": 1, **settings})
    with pytest.raises(InputError, match=re.escape(message)) as told:
        Prepared(open_recording(wandering[0]), settings)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("corners", [(0.001, None), (None, 0.001), (499.99, None), (100, 100.01)])
def test_filters_at_the_limit_can_be_computed(wandering, corners):
    settings = Settings(window=1, stride=1, low=corners[0], high=corners[1], phase="causal")
    _, found = joined(wandering[0], settings)
    assert np.isfinite(found).all() and np.abs(found).max() < 1e4


def test_only_the_windows_asked_for_are_given(wandering, monkeypatch):
    path, data = wandering
    starts = np.array([7, 100, 101, 30_000, 59_000])
    settings = Settings(window=1, stride=1)
    monkeypatch.setattr(prepared, "_PIECE", 2**12)
    batches = list(Prepared(open_recording(path), settings).windows(starts))
    assert np.concatenate([b.starts for b in batches]).tolist() == starts.tolist()
    expected = np.stack([data[:, s : s + RATE] for s in starts]).astype(np.float32)
    assert np.array_equal(np.concatenate([b.data for b in batches]), expected)


def test_a_rate_whose_ratio_is_not_small_is_refused_not_rounded(tmp_path):
    np.savez(tmp_path / "a.npz", data=np.zeros((1, 999)), sampling_rate=999.99173, unit="uV")
    with pytest.raises(InputError, match=r"999\.99173 Hz can't be resampled to 1000 Hz"):
        Prepared(open_recording(tmp_path / "a.npz"), Settings(1, 1, sampling_rate=1000))


def test_settings_survive_the_dataset_and_a_strangers_text_does_not():
    settings = Settings(1, 0.5, ("a", "b"), "uV", 500.0, 20.0, None, (50.0,), "causal")
    assert Settings.from_json(settings.as_json(), "train.h5") == settings
    for text in ("", "[]", "{}", '{"window": "x", "stride": 1}', '{"window": 1, "stride": -1}',
                 '{"window": 1, "stride": 1, "command": "rm"}'):  # fmt: skip
        with pytest.raises(InputError):
            Settings.from_json(text, "train.h5")


MEMORY = """
import re, sys
from pathlib import Path
from components.recordings import Prepared, Settings, open_recording, prepared
prepared._PIECE = 2**18
def peak():  # in kB, of this program alone; getrusage would begin with the parent's
    return re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
settings = Settings(window=1, stride=60, low=20, sampling_rate=500)
for path in sys.argv[1:]:
    ready = Prepared(open_recording(Path(path)), settings)
    count = sum(len(batch.data) for batch in ready.windows())
    print(count, peak())
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_recording(tmp_path):
    """The same file again, ten times as long: 3 and 32 MB of samples that are a hole in it."""
    made = []
    for name, seconds in (("short", 200), ("long", 2000)):
        made.append(recorded.write_sparse(tmp_path / f"{name}.edf", seconds, channels=4))
    child = subprocess.run(
        [sys.executable, "-c", MEMORY, *map(str, made)],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True,
    )  # fmt: skip
    (few, small), (many, large) = (map(int, line.split()) for line in child.stdout.splitlines())
    assert (few, many) == (4, 34)
    assert large < 1.1 * small + 8000
