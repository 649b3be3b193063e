"""Windows in, a table out: evaluate's numbers, by name, and nothing that the model was not for."""

import runpy
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
import yaml

from components import storage
from components.evaluate.step import run as evaluate
from components.failures import Failure, InputError
from components.predict import writing
from components.predict.step import run

made = runpy.run_path(str(Path(__file__).parents[1] / "evaluate" / "test_step.py"))
make_model, make_data, CONFIG, KINDS = (
    made[name] for name in ("make_model", "make_data", "CONFIG", "KINDS")
)
READ = {"parquet": pyarrow.parquet.read_table, "csv": pyarrow.csv.read_csv}


@pytest.fixture
def predict(tmp_path):
    """Predicts on a dataset; gives the table."""

    def on(data, kind="ml", config=CONFIG, form="parquet", **options):
        model = tmp_path / "model"
        if not model.exists():
            make_model(model, kind)
        output = tmp_path / f"predictions-{len(list(tmp_path.iterdir()))}.{form}"
        run(str(model), str(data), str(output), config, **options)
        return READ[form](output)

    return on


def numbers(table):
    """Probabilities (N, ...), flat."""
    names = [name for name in table.column_names if name.startswith("p_")]
    return np.stack([table[name].to_numpy() for name in names], 1)


def broken(dataset, channel=1, windows=(3, 20)):
    with h5py.File(dataset / "test.h5", "a") as file:
        file["data"][list(windows), channel, 2] = np.nan
    return dataset


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_evaluates_to_the_bit(tmp_path, predict, kind, form):
    dataset = make_data(tmp_path / "data", kind)
    table = predict(dataset, kind, form=form)
    evaluate(tmp_path / "model", str(dataset), tmp_path / "evaluation", CONFIG)
    stored = np.load(tmp_path / "evaluation" / "predictions.npz")
    wanted = stored["probabilities"].reshape(table.num_rows, -1)
    assert numbers(table).tobytes() == np.ascontiguousarray(wanted).tobytes()
    for name in ("subject", "recording", "index"):
        assert table[name].to_pylist() == stored[name].tolist()
    labels = [name for name in table.column_names if name.startswith("label")]
    decided = np.stack([table[name].to_numpy(zero_copy_only=False) for name in labels], 1)
    predictions = stored["predictions"].reshape(table.num_rows, -1)
    if kind == "mc":
        assert labels == ["label_gesture 0", "label_gesture 1", "label_gesture 2"]
        assert (decided == predictions.astype(bool)).all()
    else:
        assert labels == (["label_0", "label_1"] if kind == "mmc" else ["label"])
        assert (decided == np.char.add("gesture ", predictions.astype(str))).all()


def test_probabilities_are_named_by_class_and_output(tmp_path, predict):
    table = predict(make_data(tmp_path / "data", "mmc"), "mmc")
    assert "p_0_gesture 2" in table.column_names and "p_1_gesture 0" in table.column_names


def test_groups_are_read_as_one_file_is(tmp_path, predict):
    flat = make_data(tmp_path / "data", "ml", named=False)
    with h5py.File(flat / "test.h5") as file, h5py.File(tmp_path / "groups.h5", "w") as grouped:
        for place, rows in enumerate([slice(0, 5), slice(5, 45), slice(45, 60)]):
            grouped[f"g{place}/X"], grouped[f"g{place}/y"] = file["data"][rows], file["label"][rows]
    assert predict(tmp_path / "groups.h5").equals(predict(flat))


def test_windows_need_no_labels(tmp_path, predict):
    flat = make_data(tmp_path / "data", "ml", named=False)
    labelled = predict(flat)
    with h5py.File(flat / "test.h5", "a") as file, h5py.File(tmp_path / "g.h5", "w") as grouped:
        grouped["a/X"], grouped["b/X"] = file["data"][:45], file["data"][45:]
        del file["label"]
    assert predict(flat).equals(labelled) and predict(tmp_path / "g.h5").equals(labelled)
    with pytest.raises(InputError, match="neither `data` and `label`"):
        evaluate(tmp_path / "model", str(flat), tmp_path / "evaluation", CONFIG)


def test_a_window_that_is_no_signal_is_refused_masked_or_given_up(tmp_path, predict):
    whole = predict(make_data(tmp_path / "whole", "ml"))
    dataset = broken(make_data(tmp_path / "data", "ml"))
    with pytest.raises(InputError, match=r"window 3 holds NaN.* channel 1"):
        predict(dataset)
    assert not list(tmp_path.glob("*.parquet"))[1:], "half a table was left"
    given_up = predict(dataset, skip_broken=True)
    lost = [row for row, label in enumerate(given_up["label"].to_pylist()) if label is None]
    assert lost == [3, 20] and given_up["p_gesture 0"].null_count == 2
    assert (
        given_up["flaws"].to_pylist()[3] == "not finite: 1" and given_up["flaws"].null_count == 58
    )
    others = np.setdiff1d(np.arange(60), lost)
    np.testing.assert_allclose(numbers(given_up)[others], numbers(whole)[others], rtol=1e-6)
    masking = CONFIG | {"data": CONFIG["data"] | {"nonfinite_channels": "mask"}}
    masked = predict(dataset, config=masking)
    assert masked["label"].null_count == 0 and masked["flaws"][20].as_py() == "not finite: 1"
    assert not np.allclose(numbers(masked)[lost], numbers(whole)[lost])


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_of_which_nothing_can_be_said_gets_rows_all_the_same(tmp_path, predict, kind):
    dataset = broken(make_data(tmp_path / "data", kind), windows=range(16, 32))  # the second batch
    table = predict(dataset, kind, skip_broken=True)
    said = [name for name in table.column_names if name.startswith(("p_", "label"))]
    assert {table[name].null_count for name in said} == {16}
    assert table["flaws"].null_count == 44 and table.num_rows == 60


@pytest.mark.parametrize(
    ("signal", "attributes", "told"),
    [
        ({"window": 16}, {}, "window is 8, but the model expects 16"),
        ({"channels": 4}, {}, "channels is 3, but the model expects 4"),
        ({"sampling_rate": 200}, {"sampling_rate": 100.0}, "sampling_rate is 100.0, but the model"),
        ({"unit": "uV"}, {"unit": "mV"}, "unit is mV, but the model expects uV"),
        (
            {},
            {"channels": ["a", "c", "b"]},
            "channels are a, c, b, but the model was tuned on a, b",
        ),
    ],
)
def test_data_that_break_the_models_contract_are_refused(
    tmp_path, predict, signal, attributes, told
):
    dataset = make_data(tmp_path / "data", "ml")
    with h5py.File(dataset / "test.h5", "a") as file:
        file.attrs.update(attributes)
    file = make_model(tmp_path / "model", "ml") / "config.yaml"
    config = yaml.safe_load(file.read_text())
    config["model"]["signal"] = signal
    file.write_text(yaml.safe_dump(config | {"channels": ["a", "b", "c"]}))
    with pytest.raises(InputError, match=told):
        predict(dataset)
    assert not list(tmp_path.glob("*.parquet"))


def test_another_shape_is_refused_where_the_model_tells_none(tmp_path, predict):
    with pytest.raises(InputError, match="5 channels and 8 samples"):
        predict(make_data(tmp_path / "data", "ml", channels=5))


def test_memory_does_not_follow_the_length(tmp_path, predict, monkeypatch):
    monkeypatch.setattr(writing, "ROWS", 256)
    waiting, append = [], writing.Table.append

    def spied(table, rows):
        if not waiting:
            tracemalloc.reset_peak()  # what comes before the first row is the same for all
        waiting.append(pyarrow.total_allocated_bytes())
        append(table, rows)

    monkeypatch.setattr(writing.Table, "append", spied)
    peaks, held, lengths = [], [], (500, 500, 8_000)  # the first imports what is imported once
    for place, windows in enumerate(lengths):
        with h5py.File(tmp_path / f"{place}.h5", "w") as file:
            file["data"] = np.ones((windows, 3, 8), np.float32)
            file["label"] = np.zeros(windows, np.int8)
            file["subject"] = np.full(windows, b"somebody")
        waiting.clear()
        tracemalloc.start()
        table = predict(tmp_path / f"{place}.h5")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        held.append(max(waiting) - waiting[0])
    assert table.num_rows == 8_000
    assert peaks[2] < peaks[1] + 200_000, "the windows are 768 kB, their names more"
    assert held[2] < 2 * held[1]


def test_a_hostile_model_is_not_run(tmp_path, predict):
    file = make_model(tmp_path / "model", "ml") / "config.yaml"
    config = yaml.safe_load(file.read_text())
    config["model"]["_target_"] = "os.system"
    file.write_text(yaml.safe_dump(config))
    with pytest.raises(InputError, match=r"os\.system: is no class of Biotune's"):
        predict(make_data(tmp_path / "data", "ml"))


def test_a_model_that_diverged_is_told(tmp_path, predict):
    dataset = make_data(tmp_path / "data", "ml")
    with h5py.File(dataset / "test.h5", "a") as file:
        file["data"][0] = 3e38  # finite, and what it is multiplied by is not
    with pytest.raises(Failure, match="not finite"):
        predict(dataset)


@pytest.mark.s3
def test_model_data_and_table_may_lie_in_s3(tmp_path, predict, s3):
    dataset = make_data(tmp_path / "data", "ml")
    here = predict(dataset)
    for file in (*(tmp_path / "model").glob("*.*"), dataset / "test.h5"):
        s3.put(f"{file.parent.name}/{file.name}", file.read_bytes())
    output = s3.uri("out/predictions.parquet")
    run(s3.uri("model"), s3.uri("data"), output, CONFIG)
    assert storage.exists(output)
    with pytest.raises(InputError, match="is there already"):
        run(s3.uri("model"), s3.uri("data"), output, CONFIG)
    assert pyarrow.parquet.read_table(storage.fetch(output, tmp_path / "got")).equals(here)
