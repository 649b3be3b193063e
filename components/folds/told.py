"""What evaluate tells of a fold, small enough for a parameter of the pipeline."""

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from components import parameters

log = logging.getLogger("biotune")

SPLITS = ("train", "val", "test")
# KFP hands summarize what all folds tell, twice, in one argument, and Linux takes 128 KiB.
_ROOM = 0.85 * 128 * 1024 / 2


def told(details: Mapping[str, Any]) -> dict[str, Any]:
    """Of a fold its place, sizes, subjects and counts; nothing of a test that is no fold.

    What does not fit is left out, and said: first each subject's results, then the counts, then
    the subjects' names. `details.json` has them all.

    Args:
        details: the content of `details.json`.
    """
    if (fold := details.get("fold")) is None:
        return {}
    files = json.dumps(fold["data"], sort_keys=True).encode()
    place = {
        **{key: fold[key] for key in ("number", "of", "seed")},
        "subjects": {split: len(fold[split]) for split in SPLITS},
        "windows": {split: details["data"][split]["windows"] for split in SPLITS},
        "data": hashlib.sha256(files).hexdigest()[:20],
    }
    facts = {
        "fold": place | {"test": fold["test"]},
        "classification_type": details["classification_type"],
        "confusion": [matrix["matrix"] for matrix in details["confusion"]],
        "by_subject": details["by_subject"],
        "model": details["provenance"]["model"],
        "checkpoint": details["provenance"].get("checkpoint"),
    }
    smaller = {"by_subject": [], "confusion": [], "fold": place | {"test": []}}
    for key, less in smaller.items():
        if len(parameters.pack([details.get("metrics"), facts], always=True)) <= _ROOM / fold["of"]:
            break
        log.warning("fold %d: %s is too large for the summary of all folds", fold["number"], key)
        facts[key] = less
    return facts
