"""What evaluate tells of a fold, small enough for a parameter of the pipeline."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SPLITS = ("train", "val", "test")


def told(details: Mapping[str, Any]) -> dict[str, Any]:
    """Of a fold its place, sizes, subjects and counts; nothing of a test that is no fold.

    Args:
        details: the content of `details.json`.
    """
    if (fold := details.get("fold")) is None:
        return {}
    files = json.dumps(fold["data"], sort_keys=True).encode()
    return {
        "fold": {
            **{key: fold[key] for key in ("number", "of", "seed", "test")},
            "subjects": {split: len(fold[split]) for split in SPLITS},
            "windows": {split: details["data"][split]["windows"] for split in SPLITS},
            "data": hashlib.sha256(files).hexdigest()[:20],
        },
        "classification_type": details["classification_type"],
        "confusion": [matrix["matrix"] for matrix in details["confusion"]],
        "by_subject": details["by_subject"],
        "model": details["provenance"]["model"],
        "checkpoint": details["provenance"].get("checkpoint"),
    }
