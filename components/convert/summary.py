"""What a conversion came to: what was kept, what was dropped, and why."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from components.convert import reasons
from components.convert.planning import Plan
from components.convert.wishes import Wishes
from components.hdf5 import SPLITS

SUMMARY = "convert.json"


def class_counts(labels: np.ndarray, classes: int) -> np.ndarray:
    """(classes,) how many windows are of each; of several labels, how many have each."""
    if labels.ndim == 2:
        return labels.sum(axis=0)
    return np.bincount(labels, minlength=classes)


def summarized(plan: Plan, splits: Mapping[str, str], wishes: Wishes) -> dict[str, Any]:
    """The content of `convert.json`.

    Args:
        splits: of each subject.
    """
    used = [one for one in plan.recordings if len(one.starts)]
    dropped = Counter({reasons.BROKEN: len(plan.broken)} if plan.broken else {})
    of = Counter(dropped)
    for one in plan.recordings:
        dropped.update(one.dropped)
        of.update(set(one.dropped))
    return {
        "splits": {
            split: _split([one for one in used if splits[one.subject] == split], plan.classes)
            for split in SPLITS
            if split in splits.values()
        },
        "dropped": [
            {"reason": reason, "number": number, "recordings": of[reason]}
            for reason, number in sorted(dropped.items(), key=lambda item: -item[1])
            if number
        ],
        "broken": plan.broken,
        "recordings": [
            {
                "name": one.recording.name,
                "path": str(one.recording.path),
                "subject": one.subject,
                "split": splits.get(one.subject),
                "windows": len(one.starts),
                "dropped": dict(one.dropped),
            }
            for one in plan.recordings
        ],
        "classes": list(plan.classes),
        "window": {"samples": plan.window, "channels": len(plan.settings.channels)},
        "wishes": {**asdict(wishes), "settings": asdict(plan.settings)},
    }


def write(found: Mapping[str, Any], folder: Path) -> None:
    """Puts the summary beside the splits."""
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")


def _split(used: list, classes: tuple[str, ...]) -> dict[str, Any]:
    total = sum(
        (class_counts(one.labels, len(classes)) for one in used), np.zeros(len(classes), int)
    )
    return {
        "windows": sum(len(one.starts) for one in used),
        "subjects": sorted({one.subject for one in used}),
        "recordings": len(used),
        "classes": dict(zip(classes, total.tolist(), strict=True)),
    }
