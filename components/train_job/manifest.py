"""What only a run knows of its TrainJob."""

import copy
import hashlib
from collections.abc import Mapping
from typing import Any

from components.failures import RUN
from components.kube.train_jobs import KEY_LABEL, RUN_LABEL
from components.kube.workflows import Workflow

LONGEST = 45


def name(run: str, key: str) -> str:
    """The job's name: the same for every try of the same training, so that there is one at a time.

    Its pods' names are longer by up to 18 characters, and have 63 at most.
    """
    digest = hashlib.sha256(f"{run}/{key}".encode()).hexdigest()[:12]
    return f"biotune-{digest}-{key}"[:LONGEST].rstrip("-")


def completed(
    job: Mapping[str, Any], run: str, key: str, place: str, workflow: Workflow | None
) -> dict[str, Any]:
    """The profile's TrainJob with name, labels, owner and its nodes' argument.

    Args:
        job: as the profile makes it.
        run: the run's id.
        key: which of the run's trainings it is.
        place: URI where launcher and nodes meet.
        workflow: with which it shall go; None where it is not known.
    """
    whole = copy.deepcopy(dict(job))
    its = whole.setdefault("metadata", {})
    its["name"] = name(run, key)
    its["labels"] = {**its.get("labels", {}), RUN_LABEL: run, KEY_LABEL: key}
    if workflow is not None:
        its["ownerReferences"] = [workflow.owner()]
    trainer = whole["spec"]["trainer"]
    trainer["args"] = [place]
    others = [each for each in trainer.get("env", ()) if each["name"] != RUN]
    trainer["env"] = [*others, {"name": RUN, "value": run}]
    return whole
