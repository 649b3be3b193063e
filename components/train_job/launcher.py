"""One TrainJob: started or gone on with, followed, and deleted when it is over."""

import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.failures import Failure, first_line
from components.handover import Handover
from components.kube import Connection, Pods, TrainJobs, state, workflows
from components.kube.state import Job
from components.train_job import ending, manifest
from components.train_job.following import End, Ended, follow

log = logging.getLogger("biotune")


class Launcher:
    """The job of one training.

    Args:
        connection: to the cluster.
        place: where the nodes are met.
        job: as the profile makes it.
        run: the run's id.
        key: which of its trainings it is.
        pod: the pod that this process runs in; "" where it is not known.
    """

    def __init__(
        self,
        connection: Connection,
        place: Handover,
        job: Mapping[str, Any],
        run: str,
        key: str,
        pod: str,
    ) -> None:
        self._connection, self._place = connection, place
        self._jobs, self._pods = TrainJobs(connection), Pods(connection)
        self._workflow = self._workflow_of(pod)
        self._wanted = manifest.completed(job, run, key, place.uri, self._workflow)
        self._name = self._wanted["metadata"]["name"]

    def found(self) -> Job | None:
        """The job, if it is there to go on with; one that is being deleted is waited for."""
        job = self._jobs.get(self._name)
        if job is None or not state.is_going(job):
            return job
        log.info("%s: is being deleted, which is waited for", self._name)
        self._wait(job)
        return None

    def train(
        self, dataset: str, config: Mapping[str, Any], backbone: Path | None, queue_timeout: float
    ) -> None:
        """Lets the job run to its end, at which the model is there.

        Raises:
            Failure: it failed; it is gone then.
        """
        job = self._job(dataset, config, backbone)
        end = follow(self._jobs, self._pods, job, queue_timeout, self._connection.pace)
        if not self._place.delivered():
            failure = self._failure(end, queue_timeout)
            self._delete(end.job)
            raise failure
        if end.how is not Ended.COMPLETE:
            log.warning("%s: has delivered its model before it %s", self._name, _WORDS[end.how])

    def clean(self) -> None:
        """Deletes the job of a training that is done. That it can't be is no failure of it."""
        try:
            job = self._jobs.get(self._name)
        except Failure as failure:
            log.warning("%s: can't be deleted: %s", self._name, first_line(failure))
            return
        if job is not None:
            self._delete(job)

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Deletes the job when this process is ended because its run is; else it goes on."""
        try:
            yield
        except (SystemExit, KeyboardInterrupt):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # we are at it
            try:
                self._leave()
            except Failure as failure:
                log.warning("%s: is left running: %s", self._name, first_line(failure))
            raise

    def _job(self, dataset: str, config: Mapping[str, Any], backbone: Path | None) -> Job:
        while True:
            if job := self.found():
                if not ending.is_deserted(self._place, job):
                    log.info("%s: is there already, and gone on with", self._name)
                    return job
                log.info("%s: its nodes ended, as nobody followed them; begins again", self._name)
                self._jobs.delete(job)
                self._wait(job)
            nodes = self._wanted["spec"]["trainer"]["numNodes"]
            self._place.offer(dataset, config, backbone, nodes)
            if job := self._jobs.create(self._wanted):
                log.info("%s: asks for %s nodes", self._name, nodes)
                return job

    def _failure(self, end: End, queue_timeout: float) -> Failure:
        match end.how:
            case Ended.FAILED:
                return ending.failure(self._place, self._pods, end.job)
            case Ended.DELETED:
                return Failure(
                    f"{self._name}: someone has deleted this TrainJob; the training goes on from "
                    "its last state when it is tried again"
                )
            case Ended.LATE:
                return Failure(
                    f"{self._name}: {end.status}; that is longer than train_job.queue_timeout "
                    f"({queue_timeout:.0f} s) in the profile: set it higher, or ask for fewer nodes"
                )
        return Failure(f"{self._name}: has ended without a model")

    def _leave(self) -> None:
        workflow, within = self._workflow, self._connection.pace.parting
        if workflow is None or not workflow.is_cancelled(self._connection, within=within):
            log.info("%s: is left running, the next try goes on with it", self._name)
        elif job := self._jobs.get(self._name, within=within):
            self._jobs.delete(job, within=within)
            log.info("%s: is deleted, since its run is cancelled", self._name)

    def _delete(self, job: Job) -> None:
        """What can't be deleted is left to the run's last task."""
        try:
            self._jobs.delete(job)
            self._wait(job)
            log.info("%s: is deleted", self._name)
        except Failure as failure:
            log.warning("%s: can't be deleted: %s", self._name, first_line(failure))

    def _wait(self, job: Job) -> None:
        if not self._jobs.gone(job):
            going = self._connection.pace.going
            raise Failure(f"{self._name}: was deleted, and is not gone after {going:.0f} s")

    def _workflow_of(self, pod: str) -> workflows.Workflow | None:
        """Where it can't be known, a cancelled run's job is left to the run's last task."""
        try:
            found = self._pods.get(pod) if pod else None
        except Failure as failure:
            log.warning("which workflow this belongs to can't be told: %s", first_line(failure))
            return None
        return workflows.of(found) if found else None


_WORDS = {Ended.FAILED: "failed", Ended.DELETED: "was deleted", Ended.LATE: "was late"}
