"""Recordings in: the windows are those of the training's conversion, or nothing is said."""

import runpy
from pathlib import Path

import h5py
import numpy as np
import pyarrow.parquet
import pytest
import yaml

from components import __main__ as command
from components.failures import Findings, InputError
from components.predict.step import run
from components.recordings import Prepared, Settings, open_recording, prepared, text

made = runpy.run_path(str(Path(__file__).parents[1] / "evaluate" / "test_step.py"))
make_model, CONFIG = made["make_model"], made["CONFIG"]
ALLOWED = CONFIG["allow_targets"]
NAMES, RATE = ("a", "b", "c"), 64.0
SIGNAL = {"channels": 3, "window": 8, "sampling_rate": 32, "unit": "uV"}
SETTINGS = Settings(0.25, 0.125, NAMES, "uV", 32.0, low=1.0, high=12.0)


def record(file, seed=0, seconds=20, names=NAMES, unit="uV", rate=RATE):
    """A recording of noise, its channels in another order than the model's."""
    data = np.random.default_rng(seed).standard_normal((len(names), int(seconds * rate)))
    file.parent.mkdir(exist_ok=True)
    np.savez(
        file, data=data[::-1], sampling_rate=rate, channels=names[::-1], unit=unit, subject="S1"
    )
    return file


def windows_of(*files):
    """What `biotune convert` makes of recordings."""
    made = [list(Prepared(open_recording(f), SETTINGS).windows()) for f in files]
    return np.concatenate([batch.data for batches in made for batch in batches])


@pytest.fixture
def model(tmp_path):
    folder = make_model(tmp_path / "model", "ml")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["model"]["signal"] = SIGNAL
    (folder / "config.yaml").write_text(yaml.safe_dump(config | {"channels": list(NAMES)}))
    return folder


@pytest.fixture
def dataset(tmp_path):
    """A converted dataset, as far as its settings go."""

    def write(data):
        (tmp_path / "data").mkdir(exist_ok=True)
        with h5py.File(tmp_path / "data" / "train.h5", "w") as file:
            file["data"], file["label"] = data, np.zeros(len(data), np.int8)
            file.attrs["conversion"] = SETTINGS.as_json()
        return tmp_path / "data"

    return write


@pytest.fixture
def predict(tmp_path, model):
    def on(data, **options):
        output = tmp_path / f"{len(list(tmp_path.iterdir()))}.parquet"
        run(str(model), str(data), str(output), CONFIG, **options)
        return pyarrow.parquet.read_table(output)

    return on


def test_the_conversion_of_the_training_is_repeated(tmp_path, predict, dataset):
    file = record(tmp_path / "new" / "first.npz")
    converted = dataset(windows_of(file))
    table = predict(file, like=str(converted))
    same = predict(converted / "train.h5")
    chosen = [name for name in same.column_names if name != "index"]
    assert table.select(chosen).equals(same.select(chosen))
    assert table["start"].to_pylist()[:3] == [0.0, 0.125, 0.25]
    assert set(table["recording"].to_pylist()) == {"first"}
    assert set(table["subject"].to_pylist()) == {"S1"}


def test_without_a_conversion_the_models_signal_says_what_a_window_is(tmp_path, predict, caplog):
    table = predict(record(tmp_path / "first.npz", rate=32.0))
    assert table["start"].to_pylist()[:2] == [0.0, 0.25] and table.num_rows == 80
    assert "does not say how its recordings were filtered" in caplog.text


def test_a_folder_is_read_recording_by_recording(tmp_path, predict, dataset):
    files = [record(tmp_path / "new" / f"r{n}.npz", n, seconds=3 + n) for n in range(3)]
    table = predict(tmp_path / "new", like=str(dataset(windows_of(*files))))
    assert table["recording"].to_pylist() == sorted(table["recording"].to_pylist())
    alone = predict(files[1], like=str(tmp_path / "data"))
    own = table.filter(pyarrow.compute.equal(table["recording"], "r1"))
    assert own.equals(alone)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"names": ("a", "b", "d")}, "no channel c|c.*(missing|not there|lacks|has no)"),
        ({"unit": "furlong"}, "furlong|unit"),
        ({"unit": ""}, "unit"),
    ],
)
def test_all_recordings_are_looked_at_before_the_first_is_read(
    tmp_path, predict, dataset, wrong, told
):
    like = str(dataset(windows_of(record(tmp_path / "new" / "a.npz"))))
    record(tmp_path / "new" / "z.npz", **wrong)
    with pytest.raises(Findings, match=rf"z\.npz: .*({told})"):
        predict(tmp_path / "new", like=like)


def test_a_broken_recording_is_named_and_left_out_if_asked(tmp_path, predict, dataset, caplog):
    file = record(tmp_path / "new" / "a.npz")
    like = str(dataset(windows_of(file)))
    (tmp_path / "new" / "b.npz").write_bytes(file.read_bytes()[:700])
    with pytest.raises(Findings, match=r"b\.npz: .*--skip-broken"):
        predict(tmp_path / "new", like=like)
    table = predict(tmp_path / "new", like=like, skip_broken=True)
    assert set(table["recording"].to_pylist()) == {"a"}
    assert "left out: " in caplog.text and "b.npz" in caplog.text


def test_a_recording_that_breaks_off_says_what_is_kept_of_it(
    tmp_path, predict, monkeypatch, caplog
):
    monkeypatch.setattr(text, "_LINES", 64)
    monkeypatch.setattr(prepared, "_PIECE", 3 * 64)
    (tmp_path / "new").mkdir()
    lines = ["time,a (uV),b (uV),c (uV)", *(f"{n / 32},{n % 7},{n % 5},1" for n in range(640))]
    (tmp_path / "new" / "whole.csv").write_text("\n".join(lines))
    lines[600] = f"{599 / 32},oops,1,1"
    (tmp_path / "new" / "cut.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"cut\.csv: .*--skip-broken"):
        predict(tmp_path / "new")
    table = predict(tmp_path / "new", skip_broken=True)
    kept = table["recording"].to_pylist().count("cut")
    assert 0 < kept < 80 == table.num_rows - kept
    told = f"broke off after {kept / 4:g} s, the {kept} windows before are kept: "
    assert told in caplog.text and "left out: " not in caplog.text
    assert "1 of 2 recordings are left out or broke off" in caplog.text


def test_recordings_shorter_than_a_window_are_named(tmp_path, predict, caplog):
    record(tmp_path / "new" / "long.npz", rate=32.0)
    record(tmp_path / "new" / "short.npz", rate=32.0, seconds=0.2)
    assert set(predict(tmp_path / "new")["recording"].to_pylist()) == {"long"}
    assert "no windows in short: shorter than 0.25 s" in caplog.text


def test_what_a_recording_does_not_tell_can_be_told(tmp_path, predict):
    whole = predict(record(tmp_path / "new" / "a.npz", rate=32.0))
    with np.load(tmp_path / "new" / "a.npz") as found:
        held = {key: found[key] for key in ("data", "channels", "subject")}
    np.savez(tmp_path / "new" / "a.npz", **held)
    with pytest.raises(InputError, match="--sampling-rate"):
        predict(tmp_path / "new" / "a.npz", assume_unit="uV")
    with pytest.raises(InputError, match="--assume-unit"):
        predict(tmp_path / "new" / "a.npz", sampling_rate=32.0)
    told = predict(tmp_path / "new" / "a.npz", assume_unit="uV", sampling_rate=32.0)
    assert told.equals(whole)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"stride": 0.1}, "--stride=0.1: "),
        ({"like": "there"}, "--like=there: "),
        ({"assume_unit": "uV"}, "--assume-unit=uV: "),
    ],
)
def test_windows_that_are_cut_already_refuse_the_options_of_recordings(
    predict, dataset, option, told
):
    with pytest.raises(InputError, match=rf"{told}is for recordings, and .*train\.h5 holds win"):
        predict(dataset(np.ones((4, 3, 8))) / "train.h5", **option)


def test_time_that_is_no_signal_is_refused_or_marked(tmp_path, predict, dataset):
    like = str(dataset(windows_of(record(tmp_path / "new" / "a.npz"))))
    with np.load(tmp_path / "new" / "a.npz") as found:
        held = dict(found)
    held["data"][0, 64:70] = np.nan  # from 1 s on
    np.savez(tmp_path / "new" / "a.npz", **held)
    with pytest.raises(InputError, match=r"a\.npz: holds NaN.*0\.\d+ s"):
        predict(tmp_path / "new", like=like)
    table = predict(tmp_path / "new", like=like, skip_broken=True)
    lost = np.array([label is None for label in table["label"].to_pylist()])
    starts = table["start"].to_numpy()
    assert lost[(starts > 0.8) & (starts < 1.0)].all()
    assert not lost[(starts < 0.5) | (starts > 2)].any()


def test_the_command_says_what_is_wrong_in_one_line(tmp_path, model, capsys):
    words = ["predict", "--model", str(model), "--data", "none.h5"]
    words += ["-o", str(tmp_path / "p.parquet"), f"allow_targets=[{','.join(ALLOWED)}]"]
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("error: none.h5: ") and told.count("\n") == 1
