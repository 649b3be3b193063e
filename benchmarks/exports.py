"""How exports compare with the models they are of: the table of docs/export.md.

    python benchmarks/exports.py [MODEL ...] [--windows 64]

Published sizes with fresh weights, the head's times eight so that probabilities are spread, on
windows of the demo's EMG, resampled to each model's shape.
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
from components.layout import Layout

HOME = Path(__file__).parents[1]
DEMO = HOME / "pipeline" / "demo" / "test.h5"
SPREAD = 8
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
    _tune(name, scratch / "model")
    data = _data(scratch / "windows.h5", windows, _shape(name))
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


def _tune(name: str, folder: Path) -> None:
    task = ["classification_type=mcc", "num_classes=5", "input_normalization.normalize=zscore"]
    config = resolved(compose([f"model={name}", *task]))
    config |= {"channels": [], "provenance": {"classes": []}}
    config["model"]["signal"] |= {"channels": None, "window": None, "sampling_rate": None}
    torch.manual_seed(0)
    weights = encoder.network(config).encoder.state_dict()
    parts = Layout.from_config(config["model"]["layout"]).assign(weights)
    scaled = {
        key: (SPREAD * value if parts[key] == "head" and value.is_floating_point() else value)
        for key, value in weights.items()
    }
    folder.mkdir()
    save_file({k: v.clone().contiguous() for k, v in scaled.items()}, folder / "model.safetensors")
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def _data(file: Path, windows: int, shape: tuple[int, int]) -> Path:
    with h5py.File(DEMO) as demo:
        places = np.linspace(0, len(demo["label"]) - 1, windows).astype(int)
        signals = demo["data"][places].astype(np.float32) * float(demo.attrs.get("scale", 1))
    channels, samples = shape
    picked = signals[:, np.arange(channels) % signals.shape[1]]
    with h5py.File(file, "w") as out:
        out["data"] = resample(picked, samples, axis=-1).astype(np.float32)
        out["label"] = np.zeros(windows, np.int8)
    return file


if __name__ == "__main__":
    main()
