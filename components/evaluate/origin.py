"""What a tuned model's folder says of its making, for the report."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from math import prod
from pathlib import Path
from typing import Any

from safetensors import safe_open

from components.artifacts import HISTORY, LEARNING_RATES, MODEL
from components.registry import contents

Row = dict[str, Any]


def history(folder: Path) -> list[Row]:
    """One row an epoch; None for what was undefined."""
    rows = [{key: _number(value) for key, value in row.items()} for row in _rows(folder / HISTORY)]
    return [row | {"epoch": int(row["epoch"])} for row in rows if row.get("epoch") is not None]


def learning_rates(folder: Path) -> list[Row]:
    """One row a part of the model, with the number of its parameters.

    Biases and norms go without weight decay; a part's row tells that of its other parameters.
    """
    with safe_open(folder / MODEL, framework="numpy") as file:
        sizes = {name: prod(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    parts: dict[str, Row] = {}
    for row in _rows(folder / LEARNING_RATES):
        part = parts.setdefault(
            row["part"],
            {
                "part": row["part"],
                "scale": _number(row["scale"]),
                "lr": _number(row["lr"]),
                "weight_decay": 0.0,
                "parameters": 0,
                "frozen": row["frozen"] == "True",
            },
        )
        part["weight_decay"] = max(part["weight_decay"], _number(row["weight_decay"]) or 0.0)
        part["parameters"] += sizes.get(row["parameter"], 0)
    return list(parts.values())


def describe(
    folder: Path, config: Mapping[str, Any], dataset: str, fingerprint: str
) -> dict[str, Any]:
    """The parts of `details.json` that are known before the test.

    Args:
        folder: the tuned model's.
        config: the tuned model's.
        dataset: URI that the test split comes from.
        fingerprint: of the test split.
    """
    known = dict(config.get("provenance") or {})
    data, _ = known.pop("data", None) or {}, known.pop("classes", None)
    model = config["model"]["_target_"]
    licence = config["model"].get("licence")
    facts = {**known, "model": model, "seed": config.get("seed"), "test_fingerprint": fingerprint}
    if facts.setdefault("dataset", dataset) != dataset:
        facts["test_dataset"] = dataset
    return {
        "title": f"{model.rpartition('.')[2]} on {dataset.rstrip('/').rpartition('/')[2]}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "classification_type": config["classification_type"],
        "history": history(folder),
        "learning_rates": learning_rates(folder),
        "provenance": facts,
        "data": data,
        "notices": [f"Model: {licence}"] if licence else [],
    }


def evaluated(folder: Path, config: Mapping[str, Any], device: str) -> dict[str, Any]:
    """Which model was tested, and what its numbers depend on beside it and the test split.

    Args:
        folder: the tuned model's.
        config: the evaluate slice of the configuration.
        device: that the model ran on.
    """
    try:
        version = metadata.version("biotune")
    except metadata.PackageNotFoundError:  # a source tree on the path, not installed
        version = "dev"
    settings = {"batch_size": config["data"]["batch_size"], "device": device, "version": version}
    return {"model": contents.fingerprint(contents.digests(folder)), "settings": settings}


def _rows(file: Path) -> list[dict[str, str]]:
    if not file.is_file():
        return []
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def _number(text: str | None) -> float | None:
    """The number in a cell; None for an empty one and for NaN and infinities, no JSON numbers."""
    number = float(text) if text else float("nan")
    return number if abs(number) < float("inf") else None
