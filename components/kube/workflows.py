"""The Argo workflow that a run is: who belongs to it goes with it."""

from dataclasses import dataclass
from typing import Any

from components.kube.connection import Connection
from components.kube.pods import Pod

_GROUP = "argoproj.io/v1alpha1"


@dataclass(frozen=True)
class Workflow:
    """A workflow, which is there for as long as KFP keeps the run's objects."""

    name: str
    uid: str

    def owner(self) -> dict[str, Any]:
        """The reference of what shall be removed with it."""
        return {"apiVersion": _GROUP, "kind": "Workflow", "name": self.name, "uid": self.uid}

    def is_cancelled(self, connection: Connection, *, within: float) -> bool:
        """Whether someone ends the run, as KFP does by a deadline of 0, or has deleted it.

        Raises:
            InputError: it may not be read.
            ServiceError: the API can't serve.
        """
        path = f"/apis/{_GROUP}/namespaces/{connection.namespace}/workflows/{self.name}"
        found = connection.ask(path, answers=(404,), within=within)
        if found is None or found["metadata"]["uid"] != self.uid:
            return True
        spec = found.get("spec", {})
        ended = spec.get("shutdown") or spec.get("activeDeadlineSeconds") == 0
        return bool(ended or "deletionTimestamp" in found["metadata"])


def of(pod: Pod) -> Workflow | None:
    """The workflow that a pod belongs to; None if it belongs to none."""
    owners = pod["metadata"].get("ownerReferences", ())
    named = (Workflow(o["name"], o["uid"]) for o in owners if o["kind"] == "Workflow")
    return next(named, None)
