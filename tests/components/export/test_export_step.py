"""A tuned model's folder in, one file out that says the same without us."""

import json

import h5py
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import yaml
from safetensors.torch import save_file

from components import __main__ as command
from components import encoder
from components.config import compose, resolved
from components.encoder import restore
from components.export import latency, onnx_file, parity, samples, step
from components.export.exportable import traced
from components.export.step import METADATA, run
from components.failures import Failure, InputError
from components.instantiation import make
from components.normalization import normalization

FILES = ("m.pt2", "m.onnx")
TINYMYO = ["img_size=40", "in_chans=2", "embed_dim=12", "n_layer=1"]
BETWEEN = ("quartile", -2.0, 2.0)
#: the model, what makes it tiny, shape of a window, classification type, normalisation
SHIPPED = {
    "waveform": ("waveform_transformer", ["depth=1"], (8, 200), "mcc", BETWEEN),
    "tinymyo 1": ("tinymyo", TINYMYO, (2, 40), "mc", ("minmax", None, None)),
    "tinymyo 2": ("tinymyo_v2", TINYMYO, (2, 40), "mcc", ("minmax", None, None)),
    "luna": (
        "luna_base",
        ["embed_dim=16", "depth=1", "num_queries=2"],
        (4, 80),
        "mmc",
        ("zscore", None, None),
    ),
    "femba": (
        "femba_tiny",
        ["seq_length=48", "num_channels=4", "num_blocks=1", "embed_dim=4", "exp=2"],
        (4, 48),
        "bc",
        BETWEEN,
    ),
}


@pytest.fixture(autouse=True)
def no_timing(monkeypatch):
    """Timings belong in benchmarks."""
    monkeypatch.setattr(latency, "_TIMES", 1)


@pytest.fixture
def tuned(tmp_path):
    """The folder of a tiny model of a shipped kind, and windows for it."""

    def make_one(name):
        model, sizes, shape, kind, (normalize, lower, upper) = SHIPPED[name]
        overrides = [f"model={model}", *(f"model.{size}" for size in sizes)]
        overrides += [f"classification_type={kind}", f"num_classes={2 if kind == 'bc' else 3}"]
        overrides += ["num_outputs=2"] if kind == "mmc" else []
        settings = {"normalize": normalize, "quartile_normalization_lower_val": lower}
        settings["quartile_normalization_upper_val"] = upper
        overrides += [f"input_normalization.{k}={v}" for k, v in settings.items() if v is not None]
        config = resolved(compose(overrides))
        channels = ["FP1-F7", "F7-T3", "FP2-F8", "CZ-C4"] if name == "luna" else []
        config |= {"channels": channels, "provenance": {"classes": []}}
        config["model"]["signal"] |= {"channels": None, "window": None, "sampling_rate": None}
        torch.manual_seed(3)
        weights = encoder.network(config).encoder.state_dict()
        save_file(
            {key: 1.3 * value.contiguous() for key, value in weights.items()},
            _folder(tmp_path) / "model.safetensors",
        )
        (tmp_path / "model" / "config.yaml").write_text(yaml.safe_dump(config))
        with h5py.File(tmp_path / "windows.h5", "w") as file:
            noise = np.random.default_rng(0).standard_normal((50, *shape))
            file["data"], file["label"] = 3 * noise.astype(np.float32), np.zeros(50, np.int8)
            if channels:
                file.attrs["channels"] = channels
        return tmp_path / "model", tmp_path / "windows.h5"

    return make_one


def _folder(tmp_path):
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


def windows_and_truth(model, data):
    restored = restore(model)
    objective = make(restored.config["objective"], "objective")
    with h5py.File(data) as file, torch.inference_mode():
        windows = file["data"][:]
        return windows, objective.probabilities(restored.network(torch.from_numpy(windows)))


@pytest.mark.parametrize("name", SHIPPED)
def test_both_files_say_what_the_model_says_of_physical_units(tmp_path, tuned, name, monkeypatch):
    model, data = tuned(name)
    programs = []  # both files are of one trace, which takes the most time
    monkeypatch.setattr(step, "traced", lambda *given: _first(programs, traced, *given))
    reports = {f: run(str(model), str(tmp_path / f), {}, data=str(data)) for f in FILES}
    windows, wanted = windows_and_truth(model, data)
    extra = {METADATA: ""}
    program = torch.export.load(tmp_path / "m.pt2", extra_files=extra).module()
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    for size in (1, 50):
        by_onnx, _ = session.run(None, {"windows": windows[:size]})
        by_torch, _ = program(torch.from_numpy(windows[:size]))
        assert np.abs(by_onnx - wanted[:size].numpy()).max() < 1e-5
        assert (by_torch - wanted[:size]).abs().max() < 1e-5
    assert wanted.std(0).max() > 1e-3, "a model that always says the same would pass"
    properties = onnx.load(tmp_path / "m.onnx").metadata_props
    held = json.loads({entry.key: entry.value for entry in properties}[METADATA])
    assert held == json.loads(extra[METADATA])
    assert held["outputs"]["probabilities"] == ["batch", *wanted.shape[1:]]
    for file, report in reports.items():
        assert report["size"] == (tmp_path / file).stat().st_size
        assert json.loads((tmp_path / f"{file}.json").read_text()) == report
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {"model", "windows.h5", *FILES, *(f"{file}.json" for file in FILES)}


def _first(held, make, *given):
    if not held:
        held.append(make(*given))
    return held[0]


def test_a_file_whose_numbers_are_others_is_not_kept(tmp_path, tuned, monkeypatch):
    model, data = tuned("tinymyo 1")
    monkeypatch.setattr(parity, "TOLERANCE", -1.0)
    with pytest.raises(Failure, match="nothing is written"):
        run(str(model), str(tmp_path / "m.pt2"), {}, data=str(data))
    assert {file.name for file in tmp_path.iterdir()} == {"model", "windows.h5"}


@pytest.mark.parametrize("wrong", [0.001, np.nan])
def test_parity_sees_a_single_wrong_probability(tuned, wrong):
    model, data = tuned("tinymyo 1")
    restored = restore(model)
    objective = make(restored.config["objective"], "objective")

    def exported(batch):
        with torch.inference_mode():
            logits = restored.network(torch.from_numpy(batch))
        probabilities = objective.probabilities(logits).numpy()
        probabilities[-1, 0] += wrong * (len(batch) == 7)
        return [probabilities, logits.numpy()]

    with h5py.File(data) as file, pytest.raises(Failure, match="off on 50 windows"):
        parity.check(restored.network, objective, exported, file["data"][:])


def test_what_onnx_lacks_is_named_with_the_operator():
    class Odd(torch.nn.Module):
        def forward(self, windows):
            values = torch.special.bessel_j0(windows)
            return values, values

    with pytest.raises(Failure, match=r"operator \w+\.(special_)?bessel_j0"):
        onnx_file.write(traced(Odd().eval(), torch.zeros(3, 2, 4)), "never.onnx", {})


@pytest.mark.parametrize("normalize", ["zscore", "minmax"])
def test_a_silent_channel_stays_a_number_in_onnx(tmp_path, normalize):
    class Normalized(torch.nn.Module):
        def forward(self, windows):
            values = normalization({"normalize": normalize})(windows)
            return values, values.mean(-1)

    windows = torch.randn(5, 3, 8)
    windows[1, 2] = 4.0
    model = Normalized().eval()
    onnx_file.write(traced(model, windows[:3]), tmp_path / "m.onnx", {})
    found, _ = onnx_file.Session(tmp_path / "m.onnx")(windows.numpy())
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, model(windows)[0], atol=1e-6)


def test_windows_to_check_on_need_no_labels_and_may_be_allowed(tmp_path, tuned, monkeypatch):
    model, data = tuned("tinymyo 1")
    with h5py.File(data, "a") as file:
        wanted = file["data"][:] * np.float32(0.5)
        del file["label"]
        file.attrs.update(scale=0.5, unit="mV")
    config = restore(model).config
    windows, header = samples.real(str(data), "test", config, {})
    assert windows.tobytes() == wanted.tobytes() and header.unit == "mV"
    file = model / "config.yaml"
    config["model"]["signal"]["unit"] = "uV"
    file.write_text(yaml.safe_dump(config))
    monkeypatch.setattr(step, "traced", lambda *_: pytest.fail("taken", pytrace=False))
    given = str(model), str(tmp_path / "m.pt2")
    with pytest.raises(InputError, match=r"unit is mV.*allow_signal_mismatch"):
        run(*given, {}, data=str(data))
    with pytest.raises(pytest.fail.Exception, match="taken"):
        run(*given, {"allowed": {"allow_signal_mismatch": True}}, data=str(data))


def test_wrong_input_is_told_in_one_line(tmp_path, tuned, capsys, monkeypatch):
    model, _ = tuned("waveform")
    for words, told in (
        (["-o", str(tmp_path / "m.tflite")], "m.tflite: name a file that ends in .onnx or .pt2"),
        (["-o", str(tmp_path / "m.onnx")], "--data: the model does not say the shape"),
        (["-o", str(tmp_path / "m.onnx"), "--data", "none.h5"], "none.h5: no such file"),
    ):
        with pytest.raises(SystemExit) as ended:
            command.main(["export", "--model", str(model), *words])
        err = capsys.readouterr().err
        assert ended.value.code == 2 and told in err and err.count("\n") == 1
    monkeypatch.setattr("components.extras.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"onnx.*pip install 'biotune\[export\]'"):
        run(str(model), str(tmp_path / "m.onnx"), {})
