"""Tuned models and evaluations made for a test, as finetune and evaluate leave them."""

import json
from pathlib import Path
from typing import Any

import yaml

from components.registry import contents

SETTINGS = {"batch_size": 32, "device": "cpu", "version": "1"}
CONFIG = {
    "model": {"_target_": "nobody.imports.This"},
    "objective": {"_target_": "components.objectives.MultiClass", "num_classes": 2},
    "classification_type": "mcc",
    "num_classes": 2,
    "num_outputs": None,
    "subjects": {"train": ["a", "b"], "val": ["c"]},
    "provenance": {"classes": ["rest", "fist"]},
}


def tuned(folder: Path, weights: str = "weights", **config: Any) -> Path:
    """A tuned model's folder; what is not its own lies there too, as after a training."""
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text(weights * 1000)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG | config))
    (folder / "learning_rates.csv").write_text("parameter,part\n")
    (folder / "history.csv").write_text("epoch\n0\n")
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "last.ckpt").write_text("huge")
    return folder


def name_of(model: Path) -> str:
    """The fingerprint of a tuned model."""
    return contents.fingerprint(contents.digests(model))


def evaluated(
    folder: Path,
    model: Path,
    score: float | None,
    rival: tuple[str, float | None] | None = None,
    *,
    metric: str = "balanced_acc",
    test: str = "sha256:split",
    settings: dict[str, Any] = SETTINGS,
) -> Path:
    """An evaluation's folder.

    Args:
        score: of the metric, None for an undefined one.
        rival: fingerprint and score of the champion that was tested beside it.
    """
    folder.mkdir(parents=True)
    details = {
        "evaluated": {"model": name_of(model), "settings": settings},
        "provenance": {"test_fingerprint": test},
    }
    (folder / "details.json").write_text(json.dumps(details))
    (folder / "metrics.json").write_text(json.dumps(_metrics(metric, score)))
    if rival:
        champion = {"model": rival[0], "uri": "there", "metrics": _metrics(metric, rival[1])}
        (folder / "champion.json").write_text(json.dumps(champion))
    return folder


def _metrics(metric: str, score: float | None) -> dict[str, Any]:
    undefined = {} if score is not None else {f"test_{metric}": "one class alone"}
    return {"test_acc": 0.5, f"test_{metric}": score, "undefined": undefined}
