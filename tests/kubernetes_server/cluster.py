"""What happens to a TrainJob in a cluster: by a script for every job, or as a test says."""

import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.handover import Handover
from components.handover.records import Records
from tests.crds import errors
from tests.kubernetes_server import objects
from tests.kubernetes_server.server import KubernetesServer
from tests.kubernetes_server.state import JSON, PODS_OF

INDEX = "batch.kubernetes.io/job-completion-index"
MODEL = {"model.safetensors": b"tuned", "config.yaml": b"seed: 3\n", "logs/events": b"e"}


@dataclass
class Cluster(KubernetesServer):
    """The server, and the controllers and nodes behind it.

    Attributes:
        script: what becomes of every new job: seconds to wait, a method's name, its arguments.
    """

    script: Sequence[tuple[float, str, dict[str, Any]]] = ()

    def __post_init__(self) -> None:
        self.state.made = self._begin

    def launcher_pod(self, name: str, workflow: str = "biotune-abc") -> str:
        """Puts the pod of a launcher there, as Argo does; gives its name."""
        with self.state.lock:
            its = {"name": workflow, "uid": f"uid-of-{workflow}"}
            self.state.workflows.setdefault(workflow, {"metadata": its, "spec": {}})
            owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", **its}
            self.state.pods[name] = objects.pod(name, {}, {"ownerReferences": [owner]})
        return name

    def cancel(self, workflow: str = "biotune-abc") -> None:
        """Ends a run as KFP does."""
        self.state.workflows[workflow]["spec"]["activeDeadlineSeconds"] = 0

    def suspend(self, name: str, message: str = "Trainjob is suspended") -> None:
        """Lets a job wait, as Kueue does."""
        with self.state.lock:
            self.state.job(name)["spec"]["suspend"] = True
            self._condition(name, "Suspended", message)

    def place(self, name: str, problem: str = "") -> None:
        """Lets a job's pods come, which don't run yet; for a reason that is told, or not."""
        with self.state.lock:
            job = self.state.job(name)
            job["spec"]["suspend"] = False
            self._condition(name, "Suspended", "", status="False")
            for number in range(job["spec"]["trainer"]["numNodes"]):
                labels = {PODS_OF: name, INDEX: str(number)}
                pod = f"{name}-node-0-{number}-{uuid.uuid4().hex[:5]}"
                self.state.pods[pod] = objects.pod(pod, labels, {}, problem)
            self._counts(name, active=1)

    def run(self, name: str, lines: Sequence[str] = ()) -> None:
        """Lets all nodes run, and node 0 say something."""
        with self.state.lock:
            if not self.state.pods_of(name):
                self.place(name)
            for pod in self.state.pods_of(name):
                pod["status"] = {"phase": "Running", "containerStatuses": [{"state": {}}]}
            self._counts(name, active=1, ready=1)
            self.say(name, lines)

    def say(self, name: str, lines: Sequence[str]) -> None:
        """Lets node 0 say something."""
        with self.state.lock:
            log = self.state.logs.setdefault(self.node(name, 0), [])
            for line in lines:
                time.sleep(0.00001)  # no two lines in a microsecond
                log.append((datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z"), line))

    def watched(self, name: str, times: int = 2) -> None:
        """Waits until the launcher has seen all that is; twice, as it may be about to look."""
        until = self.asked("list", "pods") + times
        while self.asked("list", "pods") < until and name in self.state.jobs:
            time.sleep(0.005)

    def emptied(self, within: float = 10.0) -> bool:
        """Whether all jobs are gone, or go soon."""
        until = time.monotonic() + within
        while self.state.jobs and time.monotonic() < until:
            time.sleep(0.005)
        return not self.state.jobs

    def deliver(self, name: str) -> None:
        """Lets node 0 deliver its model, for which it must have been given what it trains with."""
        place = Handover(self.state.job(name)["spec"]["trainer"]["args"][0])
        with tempfile.TemporaryDirectory() as scratch:
            place.take(Path(scratch))
        with tempfile.TemporaryDirectory() as made:
            for file, content in MODEL.items():
                (Path(made) / file).parent.mkdir(exist_ok=True)
                (Path(made) / file).write_bytes(content)
            place.deliver(Path(made))

    def succeed(self, name: str) -> None:
        """Lets a job end well."""
        with self.state.lock:
            self._counts(name, succeeded=1)
            self._condition(name, "Complete", "all jobs completed successfully")

    def end(self, name: str, number: int, code: int, reason: str = "Error") -> None:
        """Lets a node's container end."""
        with self.state.lock:
            self.state.pods[self.node(name, number)]["status"] = objects.ended(code, reason)

    def leave(self, name: str, number: int, **record: Any) -> None:
        """Lets a node leave the record of its failure, and end."""
        pod = self.node(name, number)
        uri = self.state.job(name)["spec"]["trainer"]["args"][0]
        told = {"exit_code": 1, "log": [], "node": number, "at": datetime.now(UTC).isoformat()}
        Records(uri).write(f"failures/{pod}.json", {**told, **record})
        self.end(name, number, record.get("exit_code", 1))

    def give_up(self, name: str, message: str = "jobset failed", reason: str = "") -> None:
        """Lets a job fail, as its nodes have."""
        with self.state.lock:
            self._counts(name, failed=1)
            self._condition(name, "Failed", message, reason=reason)

    def node(self, name: str, number: int) -> str:
        """The name of a node's newest pod."""
        pods = [pod["metadata"] for pod in self.state.pods_of(name)]
        return [its["name"] for its in pods if its["labels"][INDEX] == str(number)][-1]

    def _begin(self, job: JSON) -> None:
        steps = list(self.script)
        if steps and steps[0][1] == "suspend":  # Kueue does so before the job is there for others
            self.suspend(job["metadata"]["name"], **steps.pop(0)[2])
        threading.Thread(target=self._play, args=(job, steps), daemon=True).start()

    def _play(self, job: JSON, steps: Sequence[tuple[float, str, dict[str, Any]]]) -> None:
        for seconds, method, arguments in steps:
            time.sleep(seconds)
            try:
                if self._is_there(job):
                    getattr(self, method)(job["metadata"]["name"], **arguments)
            except Exception as error:
                if self._is_there(job):
                    self.violations.append(f"script, {method}: {error!r}")

    def _is_there(self, job: JSON) -> bool:
        with self.state.lock:
            there = self.state.jobs.get(job["metadata"]["name"]) is job
            return there and "deletionTimestamp" not in job["metadata"]

    def _condition(
        self, name: str, kind: str, message: str, status: str = "True", reason: str = ""
    ) -> None:
        job = self.state.job(name)
        conditions = job.setdefault("status", {}).setdefault("conditions", [])
        conditions[:] = [each for each in conditions if each["type"] != kind]
        conditions.append(objects.condition(kind, status, reason, message))
        self._hold(job)

    def _counts(self, name: str, **counts: int) -> None:
        job = self.state.job(name)
        job.setdefault("status", {})["jobsStatus"] = [objects.child(**counts)]
        self._hold(job)

    def _hold(self, job: JSON) -> None:
        """What the controllers write must be as the CRD has it, or the stand-in proves nothing."""
        self.violations += errors(self.state.touched(job))
