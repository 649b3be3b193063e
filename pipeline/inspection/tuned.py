"""What a tuned model is: made from what, on what, how, and how good."""

import csv
import io
import json
from typing import Any

import yaml

from components import storage
from components.artifacts import CONFIG, HISTORY, METRICS, MODEL
from components.failures import InputError
from components.storage import shown
from pipeline.inspection import weights

_TOLD = (
    "classification_type",
    "num_classes",
    "num_outputs",
    "input_normalization",
    "freeze_backbone",
    "layerwise_lr_decay",
    "layerwise_lr_stem",
    "seed",
)
_LARGEST = 64 * 2**20


def read(uri: str) -> dict[str, Any]:
    """See `pipeline.inspection.read`."""
    config = _config(storage.join(uri, CONFIG))
    tensors = weights.read(storage.join(uri, MODEL), ())
    optimizer = config.get("optimizer")
    metrics, place = _metrics(uri)
    return {
        "kind": "model",
        "uri": shown(uri),
        "model": _mapping(config.get("model")).get("_target_"),
        "arguments": _plain_arguments(_mapping(config.get("model"))),
        **{key: config.get(key) for key in _TOLD},
        "optimizer": _mapping(optimizer).get("optim"),
        "lr": _mapping(optimizer).get("lr"),
        "provenance": config.get("provenance"),
        "parameters": tensors["parameters"],
        "dtypes": tensors["dtypes"],
        "fingerprint": tensors["fingerprint"],
        "history": _history(storage.join(uri, HISTORY)),
        "metrics": metrics,
        "metrics_from": place,
        "groups": tensors["groups"],
        "tensors": tensors["tensors"],
    }


def _config(uri: str) -> dict[str, Any]:
    try:
        config = yaml.safe_load(_content(uri))
        json.dumps(config, allow_nan=False)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{shown(uri)}: is no configuration of a tuned model ({reason})"
        ) from error
    if not isinstance(config, dict) or "model" not in config:
        raise InputError(f"{shown(uri)}: is no configuration of a tuned model (it has no `model`)")
    return config


def _plain_arguments(model: dict[str, Any]) -> dict[str, Any]:
    """What the model's constructor was given."""
    about = ("_target_", "layout", "signal", "licence")
    return {key: value for key, value in model.items() if key not in about}


def _history(uri: str) -> list[dict[str, str]]:
    """The rows of the training's history, one for each epoch; none if it is not there."""
    if not storage.exists(uri):
        return []
    return list(csv.DictReader(io.StringIO(_content(uri).decode(errors="replace"))))


def _metrics(uri: str) -> tuple[dict[str, Any] | None, str | None]:
    """The test metrics of a run, which lie in the folder `evaluation` beside the model's."""
    parent = uri.rstrip("/").rpartition("/")[0] or ("/" if uri.startswith("/") else ".")
    place = storage.join(parent, f"evaluation/{METRICS}")
    if not storage.exists(place):
        return None, None
    try:
        return json.loads(_content(place), parse_constant=lambda _: None), shown(place)
    except ValueError as error:
        raise InputError(f"{shown(place)}: is no JSON ({error}); evaluate again") from error


def _content(uri: str) -> bytes:
    with storage.open_binary(uri) as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise InputError(f"{shown(uri)}: is too large to be what its name says")
    return content


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
