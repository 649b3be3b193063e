"""Predict: a tuned model on windows or recordings, as many as there are."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from components import classes, extras, flaws, running, signal, single_file, storage, tuned_folder
from components.encoder import Network, restore
from components.failures import Failure
from components.hdf5 import Header
from components.instantiation import make
from components.objectives import Objective
from components.predict import sources
from components.predict.batch import Batch
from components.registry import contents

log = logging.getLogger("biotune")

METADATA = "biotune"
Answered = tuple[Batch, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Predicted:
    """What was written.

    Attributes:
        windows: rows of the table.
        lost: those among them without numbers.
    """

    output: str
    windows: int
    lost: int


def run(model: str, data: str, output: str, config: Mapping[str, Any], **options: Any) -> Predicted:
    """Writes a row for each window: what is known of it, probabilities, labels.

    The probabilities are evaluate's, to the bit, where the batches are the same.

    Args:
        model: URI of a folder made by finetune, or of a model in a registry.
        data: URI of windows or recordings; see `sources.opened`.
        output: the file to make, `.parquet` or `.csv`, here or in S3.
        config: the evaluate slice of the configuration.
        options: of `sources.opened` and `made_as.settings`: `split`, `like`, `skip_broken`, ...

    Raises:
        InputError: model and data do not go together, or one cannot be read.
        Failure: the model's output is not finite.
    """
    extras.require("predict", "pyarrow")
    from components.predict import writing
    from components.predict.columns import Columns

    writing.require_format(output)
    place = running.device(config["accelerator"])
    policy = flaws.Policy.from_config(config["data"])
    with tuned_folder.at(model) as folder, single_file.appearing(output) as file:
        restored = restore(folder, allow=config.get("allow_targets", ()))
        objective = make(restored.config["objective"], "objective")
        hold = partial(_hold, tuned={**restored.config, "data": config["allowed"]})
        names = classes.names(restored.config, objective.num_classes)
        said = {
            "model": contents.fingerprint(contents.digests(folder)),
            "classification_type": restored.config["classification_type"],
            "classes": names,
            "data": storage.shown(data),
            "device": place.type,
            "batch_size": config["data"]["batch_size"],
        }
        with sources.opened(data, restored.config, hold, policy, **options) as source:
            columns = Columns(source.columns, objective, names)
            rows = lost = 0
            with writing.table(file, columns.schema, {METADATA: json.dumps(said)}) as table:
                batches = source.batches(config["data"]["batch_size"])
                for batch, *answer in answers(restored.network, objective, batches, place):
                    table.append(columns.rows(batch, *answer))
                    rows, lost = rows + len(batch.lost), lost + int(batch.lost.sum())
    return Predicted(output, rows, lost)


def _hold(header: Header, name: str, *, tuned: Mapping[str, Any]) -> None:
    signal.hold(header, tuned, name)


def answers(
    network: Network, objective: Objective, batches: Iterator[Batch], place: torch.device
) -> Iterator[Answered]:
    """Probabilities (m, ...) float64 and decisions (m, ...) of the m windows that are not lost.

    A batch is asked for while the device still works on the one before.
    """
    network, waiting, first = network.to(place), None, "model"
    for batch in batches:
        windows = batch.windows if not batch.lost.any() else batch.windows[~batch.lost]
        probabilities = torch.zeros(0, *objective.logit_shape, dtype=torch.float64)
        if len(windows):
            with torch.inference_mode():
                inputs = torch.from_numpy(windows).to(place, non_blocking=True)
                logits = running.logits(network, inputs, first).float()
                probabilities, first = objective.probabilities(logits), None
        if waiting:
            yield _answered(objective, *waiting)
        waiting = batch, probabilities
    if waiting:
        yield _answered(objective, *waiting)


def _answered(objective: Objective, batch: Batch, probabilities: torch.Tensor) -> Answered:
    decided = objective.predictions(probabilities)
    numbers = probabilities.cpu().numpy()
    if not np.isfinite(numbers).all():
        raise Failure(
            "the model's output is not finite; it has diverged, or its weights are damaged"
        )
    return batch, numbers, decided.cpu().numpy()
