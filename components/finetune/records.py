"""What a fine-tuning leaves: weights, configuration, learning rates, history."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from safetensors.torch import save_file
from torch import Tensor

from components.artifacts import CONFIG, HISTORY, LEARNING_RATES, MODEL
from components.finetune.finetuner import FineTuner


def write(
    folder: Path, weights: Mapping[str, Tensor], tuner: FineTuner, config: Mapping[str, Any]
) -> None:
    """Writes a tuned model's files.

    Args:
        weights: of the whole encoder.
        config: resolved, with the provenance; the model is rebuilt from it alone.
    """
    # Copies: safetensors refuses tensors that share their memory, as tied weights do.
    copies = {name: tensor.cpu().contiguous().clone() for name, tensor in weights.items()}
    save_file(copies, folder / MODEL)
    (folder / CONFIG).write_text(yaml.safe_dump(dict(config), sort_keys=False))
    lr = config["optimizer"]["lr"]
    rows = [
        {"parameter": name, "part": rate.part, "lr": 0.0 if rate.frozen else lr * rate.scale}
        | {"scale": rate.scale, "weight_decay": rate.weight_decay, "frozen": rate.frozen}
        for name, rate in tuner.table.items()
    ]
    _table(folder / LEARNING_RATES, rows)
    _table(folder / HISTORY, tuner.history)


def _table(file: Path, rows: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
