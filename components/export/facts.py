"""What an exported file says of itself: all that a program needs to know to call it."""

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from components import classes
from components.export.exportable import INPUT
from components.hdf5 import Header
from components.objectives import Objective
from components.registry import contents

_RULES = {
    "mc": "each label is set where its probability is above 0.5",
    "mmc": "of each output the class of the largest probability",
}


def describe(
    folder: Path,
    config: Mapping[str, Any],
    objective: Objective,
    shape: tuple[int, ...],
    header: Header | None,
) -> dict[str, Any]:
    """Facts as plain JSON data.

    Args:
        folder: the tuned model's.
        shape: (C, T) of a window.
        header: of the data that the export was checked on, which may say what the model does not.
    """
    expected = config["model"].get("signal") or {}
    channels, samples = shape
    kind = config["classification_type"]
    return {
        "model": config["model"]["_target_"],
        "fingerprint": contents.fingerprint(contents.digests(folder)),
        "classification_type": kind,
        "classes": classes.names(config, objective.num_classes),
        "decision": _RULES.get(kind, "the class of the largest probability"),
        "input": {
            "name": INPUT,
            "dtype": "float32",
            "shape": ["batch", channels, samples],
            "channels": list(config.get("channels") or (header.channel_names if header else ())),
            "sampling_rate": expected.get("sampling_rate") or (header and header.sampling_rate),
            "unit": expected.get("unit") or (header and header.unit),
        },
        "outputs": {
            "probabilities": ["batch", *objective.logit_shape],
            "logits": ["batch", objective.num_logits],
        },
        "licence": config["model"].get("licence"),
        "biotune": _version(),
    }


def _version() -> str:
    try:
        return metadata.version("biotune")
    except metadata.PackageNotFoundError:  # a source tree on the path, not installed
        return "dev"
