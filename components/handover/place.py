"""The place of one training, with a method for each thing that is said there."""

import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from components import storage
from components.failures import POD, RUN, RUNS, InputError
from components.handover import failed, files
from components.handover.records import Records
from components.resume import slots

log = logging.getLogger("biotune")

REQUEST, MODEL, TAKEN = "request.json", "model.json", "taken.json"
ALIVE, DESERTED = "alive.json", "deserted.json"
FAILURES = "failures"
ATTEMPT = "BIOTUNE_ATTEMPT"  # how often all nodes were started again
GAVE_UP = 3  # the exit code of nodes that gave up on the launcher


@dataclass(frozen=True)
class Request:
    """What the nodes are asked for.

    Attributes:
        config: the fine-tune slice, with its fingerprints, and with seed and fold applied.
        nodes: how many of them there are.
        backbone: a local folder as load-checkpoint made it; None from scratch.
    """

    dataset: str
    config: dict[str, Any]
    nodes: int
    backbone: Path | None


def key(seed: int = -1, fold: int = 0) -> str:
    """What tells the trainings of a run apart: `training`, `seed-3`, `fold-2`, `seed-3-fold-2`."""
    parts = [f"seed-{seed}"] * (seed >= 0) + [f"fold-{fold}"] * (fold > 0)
    return "-".join(parts) or "training"


def of_training(key: str) -> "Handover":
    """The place of a training of this run, as the environment names it.

    Raises:
        InputError: it does not.
    """
    runs, run = os.environ.get(RUNS, ""), os.environ.get(RUN, "")
    if not runs or not run:
        raise InputError(
            f"{RUN if runs else RUNS}: is not set, so that several nodes share no place; "
            "set `runs` in the profile"
        )
    return Handover(storage.join(runs, f"{run}/finetune/{key}"))


def of_run(runs: str, run: str) -> list["Handover"]:
    """The places of a run's trainings."""
    prefix = storage.join(runs, f"{run}/finetune")
    names = storage.listing(prefix) if storage.exists(prefix) else []
    places = [storage.join(prefix, name) for name in names]
    return [Handover(uri) for uri in places if storage.exists(storage.join(uri, REQUEST))]


class Handover:
    """The place of one training. Each method raises what `components.storage` does.

    Args:
        uri: of the place.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._records = Records(uri)

    def offer(
        self, dataset: str, config: Mapping[str, Any], backbone: Path | None, nodes: int
    ) -> None:
        """Asks for a training; what an earlier attempt left here is discarded first.

        Raises:
            InputError: the backbone's folder holds nothing; from scratch is asked for by None.
        """
        for name in (*self._records.below(FAILURES), MODEL, TAKEN):
            self._records.discard(name)
        asked: dict[str, Any] = {"dataset": dataset, "config": dict(config), "nodes": nodes}
        if backbone is not None:
            asked["backbone"] = files.put(Path(backbone), self._at("backbone"))
            if not asked["backbone"]:
                raise InputError(f"{backbone}: holds no file; give a folder of load-checkpoint")
        self._records.write(REQUEST, asked)

    def take(self, scratch: Path) -> Request:
        """What is asked for.

        Args:
            scratch: folder for the backbone's files.

        Raises:
            InputError: nothing is asked for here, or the backbone's files are not those offered.
        """
        asked = self._records.read(REQUEST)
        if asked is None:
            raise InputError(
                f"{storage.shown(self.uri)}: no training is asked for here; the task finetune of a "
                "pipeline whose profile has `nodes` does so"
            )
        backbone = None
        if "backbone" in asked:  # an empty one must not pass for none
            backbone = Path(scratch) / "backbone"
            files.fetch(self._at("backbone"), asked["backbone"], backbone, link=True)
        return Request(asked["dataset"], asked["config"], asked["nodes"], backbone)

    def beat(self) -> None:
        """Says that the launcher is alive."""
        self._records.write(ALIVE, {"time": datetime.now(UTC).isoformat(), "beat": uuid4().hex})

    def heard(self) -> str:
        """What the launcher said last, another text each time; "" if it has said nothing."""
        return str((self._records.read(ALIVE) or {}).get("beat", ""))

    def desert(self) -> None:
        """Says that the nodes have given up on the launcher, for those that are started again."""
        self._records.write(DESERTED, {"beat": self.heard()})

    def deserted(self) -> bool:
        """Whether nodes have given up on the launcher, and it has said nothing since."""
        given_up = self._records.read(DESERTED)
        return given_up is not None and given_up.get("beat") == self.heard()

    def fail(self, record: Mapping[str, Any], node: int) -> None:
        """Leaves the record of a node that failed.

        Args:
            record: of `recording.record`; its kind is "peer" where another node is the cause.
            node: from 0 on.
        """
        pod = os.environ.get(POD) or socket.gethostname()
        at = datetime.now(UTC).isoformat()  # finer than the record's time: nodes fail together
        more = {"node": node, "at": at, "attempt": int(os.environ.get(ATTEMPT) or 0)}
        self._records.write(f"{FAILURES}/{pod}.json", {**record, **more})

    def first_failure(self) -> dict[str, Any] | None:
        """The record of the node that failed first in the last attempt; None if none left one.

        One that a signal or another node's end brought down comes after all that failed by
        themselves, whatever the nodes' clocks say.
        """
        names = self._records.below(FAILURES)
        return failed.first((name, self._records.read(name)) for name in names)

    def deliver(self, folder: Path) -> None:
        """Puts the files of a tuned model here, verified; all of them are there, or none."""
        self._records.write(MODEL, {"files": files.put(Path(folder), self._at("model"))})

    def delivered(self) -> bool:
        """Whether a tuned model lies here."""
        return bool(self._named(MODEL, "files"))

    def fetch_model(self, folder: Path) -> None:
        """Copies the tuned model's files into a folder.

        Raises:
            InputError: there is none, or a file is not what was delivered.
        """
        named = self._named(MODEL, "files")
        if not named:
            raise InputError(f"{storage.shown(self.uri)}: no tuned model was delivered here")
        files.fetch(self._at("model"), named, Path(folder))

    def taken(self) -> None:
        """Says that the model is needed here no longer."""
        self._records.write(TAKEN, {"time": datetime.now(UTC).isoformat(timespec="seconds")})

    def clear(self) -> None:
        """Frees the space of backbone and model, if the model is needed here no longer."""
        if self._records.read(TAKEN) is None:
            return
        slots.free(self._at("backbone"), self._named(REQUEST, "backbone"))
        slots.free(self._at("model"), self._named(MODEL, "files"))
        for name in (MODEL, REQUEST, TAKEN):
            self._records.discard(name)

    def _named(self, record: str, field: str) -> dict[str, Any]:
        return (self._records.read(record) or {}).get(field) or {}

    def _at(self, name: str) -> str:
        return storage.join(self.uri, name)
