"""Trainings to measure: configurations as a user would give them, and data made for them."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from components.config import compose, for_step

DEMO = ("experiment=demo",)
DEMO_DATA = Path(__file__).parents[2] / "pipeline" / "demo"
LUNA = (
    *("model=luna_base", "classification_type=mcc", "num_classes=6", "data.batch_size=32"),
    "input_normalization.normalize=zscore",
)
LARGE = (*LUNA, "model=luna_large")
WINDOW = (22, 1280)  # channels and samples, as LUNA and FEMBA were pre-trained on
CLASSES = 6


def settings(task: tuple[str, ...], *overrides: str) -> dict[str, Any]:
    """What finetune is given."""
    return for_step("finetune", compose([*task, *overrides]))


def dataset(folder: Path, windows: int, validation: int = 64) -> Path:
    """Writes noise with labels: flat, float32, uncompressed."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, size in {"train": windows, "val": validation, "test": windows}.items():
        with h5py.File(folder / f"{split}.h5", "w") as file:
            file["data"], file["label"] = _noise(size), np.arange(size) % CLASSES
            file["subject"] = [f"{split}{number % 4}" for number in range(size)]
            file.attrs["sampling_rate"] = 256.0
    return folder


def grouped(file: Path, windows: int, together: int = 50) -> Path:
    """Writes the same in groups, as the public preparation scripts do."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(file, "w") as store:
        for number, start in enumerate(range(0, windows, together)):
            group = store.create_group(f"data_group_{number}")
            size = min(together, windows - start)
            group["X"], group["y"] = _noise(size), np.arange(size) % CLASSES
    return file


def _noise(windows: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((windows, *WINDOW), dtype=np.float32)
