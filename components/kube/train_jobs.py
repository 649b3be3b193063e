"""TrainJobs of Kubeflow Trainer v2, as the plain objects of the API."""

import time
from collections.abc import Mapping
from typing import Any

from components.kube import state
from components.kube.connection import Connection

GROUP, VERSION, PLURAL = "trainer.kubeflow.org", "v1alpha1", "trainjobs"
RUN_LABEL, KEY_LABEL = "biotune.io/run", "biotune.io/key"
_CLOSELY = 2.0  # seconds between two looks at most while a job goes
Job = Mapping[str, Any]


class TrainJobs:
    """The TrainJobs of the connection's namespace. Each method raises what `Connection.ask` does.

    Args:
        connection: to the cluster.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._path = f"/apis/{GROUP}/{VERSION}/namespaces/{connection.namespace}/{PLURAL}"

    def get(self, name: str, *, within: float | None = None) -> Job | None:
        """A job; None if there is none."""
        return self._connection.ask(f"{self._path}/{name}", answers=(404,), within=within)

    def create(self, job: Job) -> Job | None:
        """Makes a job, and gives it as it is there; None if one of its name is there already.

        That may be our own, where the answer to an earlier try was lost.
        """
        return self._connection.ask(
            self._path, [("fieldValidation", "Strict")], method="POST", body=job, answers=(409,)
        )

    def of_run(self, run: str) -> list[Job]:
        """All jobs with the run's label."""
        return self._connection.ask(self._path, [("labelSelector", f"{RUN_LABEL}={run}")])["items"]

    def delete(self, job: Job, *, within: float | None = None) -> None:
        """Has a job deleted, its pods before itself; another one of its name is left alone."""
        its = job["metadata"]
        options = {"propagationPolicy": "Foreground", "preconditions": {"uid": its["uid"]}}
        self._connection.ask(
            f"{self._path}/{its['name']}",
            method="DELETE",
            body=options,
            answers=(404, 409),  # it is gone, or another is there
            within=within,
        )

    def gone(self, job: Job) -> bool:
        """Waits until a deleted job and its pods are gone, as long as the pace says."""
        pace = self._connection.pace
        until = time.monotonic() + pace.going
        while state.same(self.get(job["metadata"]["name"]), job):
            if time.monotonic() > until:
                return False
            time.sleep(min(pace.poll, _CLOSELY))
        return True
