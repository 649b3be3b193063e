"""Small data sets made for a test."""

from pathlib import Path

import h5py
import numpy as np
import pytest

SIZES = {"train": 96, "val": 40, "test": 40}


def make_dataset(
    folder: Path,
    label_shape: tuple[int, ...] = (),
    values: int = 2,
    *,
    channels: int = 4,
    samples: int = 64,
    sizes: dict[str, int] = SIZES,
    seed: int = 0,
) -> Path:
    """Writes noise whose power in each channel follows the labels, so that it can be learned."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for split, size in sizes.items():
        labels = rng.integers(0, values, (size, *label_shape))
        power = 1.0 + labels.reshape(size, -1)[:, np.arange(channels) % max(1, labels[0].size)]
        data = rng.standard_normal((size, channels, samples)) * power[:, :, None]
        with h5py.File(folder / f"{split}.h5", "w") as file:
            file["data"] = data.astype(np.float32)
            file["label"] = labels
            file["subject"] = [f"{split}{i * 4 // size}" for i in range(size)]
            file.attrs["sampling_rate"] = 100.0
    return folder


@pytest.fixture
def dataset(tmp_path) -> Path:
    """Two classes, four subjects a split."""
    return make_dataset(tmp_path / "data")
