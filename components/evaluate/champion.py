"""The present champion, tested beside the new model on the same windows."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components import suitability
from components.encoder import Restored, restore
from components.evaluate.results import Results
from components.failures import Findings, InputError
from components.hdf5 import Header
from components.instantiation import make
from components.objectives import Objective
from components.registry import models
from components.storage import shown


@dataclass(frozen=True)
class Champion:
    """A champion, ready to be tested.

    Attributes:
        uri: of its folder in the registry.
        fingerprint: of its files.
        restored: with its own normalisation.
        objective: its own, whose settings may be others than the new model's.
    """

    uri: str
    fingerprint: str
    restored: Restored
    objective: Objective

    def record(self, results: Results) -> dict[str, Any]:
        """What evaluate says of it."""
        return {"model": self.fingerprint, "uri": shown(self.uri), "metrics": results.metrics}


def summon(uri: str, allow: Collection[str] = ()) -> Champion:
    """Fetches a champion, file by file against its digest, and rebuilds it.

    Its configuration names the class of the model, which is imported and built if it is a shipped
    one or allowed, as for any tuned model.

    Args:
        uri: of a model in a registry.
        allow: import paths of classes that are not shipped.

    Raises:
        InputError: it is not whole, or can't be built here.
    """
    with _named(uri), tempfile.TemporaryDirectory(prefix="biotune-champion-") as scratch:
        folder = models.fetch(uri, Path(scratch))
        restored = restore(folder, allow=allow)
        objective = make(restored.config["objective"], "objective")
        return Champion(uri, models.read(uri).fingerprint, restored, objective)


def hold(
    champion: Champion, header: Header, tuned: Mapping[str, Any], allowed: Mapping[str, Any]
) -> None:
    """Refuses a champion of another task, and one that was tuned on the test split's subjects.

    Args:
        tuned: the new model's configuration.

    Raises:
        Findings: each thing that is wrong.
    """
    classes = header.classes or (tuned.get("provenance") or {}).get("classes") or ()
    if findings := suitability.rival_findings(
        champion.restored.config, {**tuned, "classes": classes}
    ):
        raise Findings(findings)
    with _named(champion.uri):
        suitability.hold(header, champion.restored.config, allowed, "test.h5")


@contextmanager
def _named(uri: str) -> Iterator[None]:
    """Tells of every error whose it is."""
    try:
        yield
    except InputError as error:
        lines = [f"champion {shown(uri)}: {line}" for line in str(error).splitlines()]
        raise Findings(lines) from error
