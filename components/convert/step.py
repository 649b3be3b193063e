"""Converts recordings to a dataset: looks at all of them first, then reads each once."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from components.artifacts import publish
from components.convert import reasons, summary
from components.convert.planning import Plan, Planned, planned
from components.convert.splitting import split_of
from components.convert.summary import class_counts
from components.convert.wishes import Wishes
from components.convert.writing import SplitWriter
from components.exclusive import alone
from components.failures import InputError
from components.hdf5 import SPLITS
from components.recordings import BrokenRecording, find

log = logging.getLogger("biotune")


@dataclass(frozen=True)
class Converted:
    """A dataset that was made.

    Attributes:
        summary: the content of `convert.json`.
    """

    folder: Path
    summary: dict[str, Any]


def run(inputs: Sequence[Path], output: Path, wishes: Wishes) -> Converted:
    """Makes `train.h5`, `val.h5`, `test.h5` and `convert.json` of recordings.

    Args:
        inputs: files, folders, or BIDS data sets.
        output: the folder to make; it appears whole or not at all.

    Raises:
        InputError: what the user gave is wrong: see docs/convert.md.
    """
    sources = find(inputs, wishes.tables())
    with alone(output), publish(output) as folder:
        plan = planned(sources, wishes)
        splits = split_of(_counts(plan), wishes)
        with ExitStack() as closing:
            writers = {
                split: SplitWriter(folder / f"{split}.h5", _shape(plan), _attributes(plan))
                for split in SPLITS
                if split in splits.values()
            }
            for writer in writers.values():
                closing.callback(writer.close)
            for one in plan.recordings:
                if len(one.starts):
                    _convert(one, writers[splits[one.subject]], plan, wishes)
        _require_full(writers)
        found = summary.summarized(plan, splits, wishes)
        summary.write(found, folder)
    return Converted(Path(output), found)


def _counts(plan: Plan) -> dict[str, np.ndarray]:
    """(classes,) windows of each class, by subject."""
    found: dict[str, np.ndarray] = {}
    for one in plan.recordings:
        if len(one.starts):
            counted = class_counts(one.labels, len(plan.classes))
            found[one.subject] = found.get(one.subject, 0) + counted
    return found


def _shape(plan: Plan) -> tuple[int, int]:
    return len(plan.settings.channels), plan.window


def _attributes(plan: Plan) -> dict[str, Any]:
    return {
        "sampling_rate": plan.settings.sampling_rate,
        "channels": list(plan.settings.channels),
        "unit": plan.settings.unit,
        "classes": list(plan.classes),
        "conversion": plan.settings.as_json(),
    }


def _convert(one: Planned, writer: SplitWriter, plan: Plan, wishes: Wishes) -> None:
    """Writes a recording's windows; one that breaks off leaves none, if that may be."""
    kept = np.ones(len(one.starts), dtype=bool)
    try:
        for batch in one.prepared.windows(one.starts):
            kept[batch.places] = batch.finite
            if batch.finite.any():
                writer.append(batch.data if batch.finite.all() else batch.data[batch.finite])
    except BrokenRecording as error:
        if not wishes.skip_broken:
            raise
        log.warning("%s; left out", error)
        plan.broken[one.recording.name] = str(error)
        writer.forget()
        one.starts, one.labels = one.starts[:0], one.labels[:0]
        one.dropped.clear()
        return
    finally:
        one.recording.close()
    if lost := int((~kept).sum()):
        one.dropped[reasons.WINDOW[reasons.NOT_FINITE]] += lost
        one.starts, one.labels = one.starts[kept], one.labels[kept]
    writer.belong(one.subject, one.recording.name, one.labels)
    log.info("%s: %s windows", one.recording.name, f"{len(one.starts):,}")


def _require_full(writers: dict[str, SplitWriter]) -> None:
    if empty := [split for split, writer in writers.items() if not writer.count]:
        raise InputError(
            f"{' and '.join(empty)} would hold no window: all that was meant for it is broken or "
            "not finite; mend the recordings, or choose another --split or --seed"
        )
