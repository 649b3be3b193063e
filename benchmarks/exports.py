"""How exports compare with the models they are of: the table of docs/export.md.

    python benchmarks/exports.py [MODEL ...] [--windows 64]

Published sizes with fresh weights, on windows of the demo's EMG, resampled to each model's shape.
The last layer is scaled until its logits spread as a trained model's do.
"""

import argparse
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import torch
import yaml
from safetensors.torch import save_file
from scipy.signal import resample

sys.path.insert(0, str(Path(__file__).parents[1]))

from components import encoder
from components.config import compose, resolved
from components.export.step import run

HOME = Path(__file__).parents[1]
DEMO = HOME / "pipeline" / "demo" / "test.h5"
CLASSES, SPREAD = 5, 2.0  # standard deviation of the logits
NOISE = 0.01  # standard deviation beside the signals'
SHAPES = {"waveform": (8, 200), "tiny": (16, 1000), "luna": (22, 1280), "femba": (22, 1280)}


def main() -> None:
    """Prints a line for each file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    models = sorted(path.stem for path in (HOME / "components" / "conf" / "model").glob("*.yaml"))
    parser.add_argument("models", nargs="*", default=models, metavar="MODEL")
    parser.add_argument("--windows", type=int, default=64)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    for name in given.models:
        with TemporaryDirectory(prefix="biotune-export-") as scratch:
            for line in _lines(name, given.windows, Path(scratch)):
                print(line, flush=True)


def _lines(name: str, windows: int, scratch: Path) -> Iterator[str]:
    data = _data(scratch / "windows.h5", windows, _shape(name))
    _tune(name, scratch / "model", data)
    for suffix in (".onnx", ".pt2"):
        report = run(str(scratch / "model"), str(scratch / f"m{suffix}"), {}, data=str(data))
        found, latency = report["parity"], report["latency"]
        differ = found["max_abs_difference"]
        ratios = [latency[size]["exported_ms"] / latency[size]["eager_ms"] for size in latency]
        yield (
            f"| `{name}` | {suffix} | {differ['probabilities']:.1e} | {differ['logits']:.1e} | "
            f"{report['size'] / 1e6:.1f} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |"
        )


def _shape(name: str) -> tuple[int, int]:
    return next(shape for prefix, shape in SHAPES.items() if name.startswith(prefix))


def _tune(name: str, folder: Path, data: Path) -> None:
    task = ["classification_type=mcc", f"num_classes={CLASSES}"]
    task += ["input_normalization.normalize=zscore"]
    config = resolved(compose([f"model={name}", *task]))
    config |= {"channels": [], "provenance": {"classes": []}}
    config["model"]["signal"] |= {"channels": None, "window": None, "sampling_rate": None}
    torch.manual_seed(0)
    network = encoder.network(config).eval()
    with h5py.File(data) as file, torch.inference_mode():
        factor = SPREAD / network(torch.from_numpy(file["data"][:4])).std().item()
    weights = network.encoder.state_dict()
    *_, last = (key for key, value in weights.items() if value.shape[:1] == (CLASSES,))
    for key in {last, last.replace("bias", "weight")}:
        weights[key] *= factor
    folder.mkdir()
    save_file({k: v.clone().contiguous() for k, v in weights.items()}, folder / "model.safetensors")
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def _data(file: Path, windows: int, shape: tuple[int, int]) -> Path:
    channels, samples = shape
    with h5py.File(DEMO) as demo:
        places = np.linspace(0, len(demo["label"]) - 1, windows).astype(int)
        signals = demo["data"][places].astype(np.float32) * float(demo.attrs.get("scale", 1))
    signals = resample(signals[:, np.arange(channels) % signals.shape[1]], samples, axis=-1)
    # An amplifier's noise; without it the stretched signals have frequencies without a phase.
    noise = np.random.default_rng(0).standard_normal(signals.shape)
    with h5py.File(file, "w") as out:
        out["data"] = (signals + NOISE * signals.std() * noise).astype(np.float32)
        out["label"] = np.zeros(windows, np.int8)
    return file


if __name__ == "__main__":
    main()
