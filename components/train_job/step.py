"""Train-job: has several nodes fine-tune, follows them, and ends as they do."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components import handover
from components.artifacts import publish
from components.exclusive import alone
from components.failures import POD, RUN, Failure, InputError, first_line
from components.kube import Connection, Pace
from components.train_job.beating import beating
from components.train_job.launcher import Launcher

log = logging.getLogger("biotune")


@dataclass(frozen=True)
class Tuned:
    """Where the tuned model lies."""

    folder: Path


def run(
    dataset: str,
    output: Path,
    config: Mapping[str, Any],
    job: Mapping[str, Any],
    *,
    key: str,
    queue_timeout: float,
    backbone: Path | None = None,
    pace: Pace | None = None,
) -> Tuned:
    """Starts the TrainJob of a training, or goes on with the one that an earlier try has started.

    Whatever happens to this process, there is one job at a time, since its name is made of run and
    key. It is deleted when it has ended, when its nodes do not come, and when the run is cancelled;
    not when this process is moved, or the API can't serve: then the next try goes on with it.

    Args:
        dataset: URI of a folder or prefix with `train.h5` and `val.h5`.
        output: the folder to make, as finetune does.
        config: the fine-tune slice of the configuration, seed and fold applied.
        job: the TrainJob as the profile makes it.
        key: which of the run's trainings it is; see `handover.key`.
        queue_timeout: seconds that the job may wait for its nodes.
        backbone: a folder made by load-checkpoint; None starts from scratch.
        pace: how often and how long is asked; the default is for clusters.

    Raises:
        InputError: configuration, backbone and data do not go together, or the cluster refuses it.
        ServiceError: the API or the storage can't serve.
        Failure: the training failed, its nodes did not come, or someone has deleted it.
    """
    pace = pace or Pace()
    place = handover.of_training(key)
    connection = Connection(pace)
    if config.get("from_scratch"):
        backbone = None
    with alone(output), beating(place, pace.beat):  # before the API is asked, which may take long
        launcher = Launcher(connection, place, job, os.environ[RUN], key, os.environ.get(POD, ""))
        with launcher.leaving():
            if not _there(place, launcher, output):
                launcher.train(dataset, config, backbone, queue_timeout)
                _take_or_clean(place, launcher, output)
            launcher.clean()
    return Tuned(output)


def _there(place: handover.Handover, launcher: Launcher, output: Path) -> bool:
    """Whether the model of an earlier try, whose job is gone, could be taken."""
    if launcher.found() or not place.delivered():
        return False
    try:
        _take(place, output)
    except InputError as error:
        log.warning("the model that is there is not whole, it is trained again: %s", error)
        return False
    log.info("the model is there already: an earlier try has trained it")
    return True


def _take_or_clean(place: handover.Handover, launcher: Launcher, output: Path) -> None:
    """Takes the model; one that is torn leaves no job, with which every next try would go on."""
    try:
        _take(place, output)
    except InputError:
        launcher.clean()
        raise


def _take(place: handover.Handover, output: Path) -> None:
    with publish(output) as folder:
        place.fetch_model(folder)
    try:
        place.taken()
    except Failure as failure:  # its space is not freed, then
        log.warning("%s", first_line(failure))
