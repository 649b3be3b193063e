"""What the cluster holds: TrainJobs, pods with their logs, workflows; and what became of each."""

import copy
import itertools
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.crds import defaulted, errors

JSON = dict[str, Any]
PODS_OF = "jobset.sigs.k8s.io/jobset-name"
FINALIZER = "foregroundDeletion"
FOREVER = float("inf")


class Refused(Exception):
    """An answer that is an error, as a Status object tells it."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": message,
        }


@dataclass
class State:
    """The objects of a namespace, by name.

    Attributes:
        logs: lines of each pod, with their times.
        created: every TrainJob that there has been, as it was made.
        overlaps: what must never be: a job made while another of the same training was there, or
            some pod of it.
        going: seconds that a deleted job's pods take to end, or FOREVER.
    """

    jobs: dict[str, JSON] = field(default_factory=dict)
    pods: dict[str, JSON] = field(default_factory=dict)
    workflows: dict[str, JSON] = field(default_factory=dict)
    logs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    created: list[JSON] = field(default_factory=list)
    overlaps: list[str] = field(default_factory=list)
    going: float = 0.0
    made: Callable[[JSON], None] = lambda job: None  # called with every new job
    lock: threading.RLock = field(default_factory=threading.RLock)
    _versions: Any = field(default_factory=lambda: itertools.count(1))

    def create(self, job: JSON) -> JSON:
        """Makes a TrainJob, if the CRD allows it and none has its name."""
        name = job.get("metadata", {}).get("name", "")
        if wrong := errors(job):
            message = f'TrainJob.trainer.kubeflow.org "{name}" is invalid: {"; ".join(wrong)}'
            raise Refused(422, "Invalid", message)
        if name in self.jobs:
            message = f'trainjobs.trainer.kubeflow.org "{name}" already exists'
            raise Refused(409, "AlreadyExists", message)
        made = defaulted(job)
        labels = made["metadata"].get("labels", {})
        alive = [j for j in self.jobs.values() if _training(j) == _training(made)]
        alive += [p for p in self.pods.values() if p["metadata"]["labels"].get(PODS_OF) == name]
        if alive:
            self.overlaps.append(f"{name} ({labels}) beside {alive[0]['metadata']['name']}")
        made["metadata"] |= {"uid": str(uuid.uuid4()), "generation": 1, "creationTimestamp": now()}
        self.jobs[name] = self.touched(made)
        self.created.append(copy.deepcopy(made))
        self.made(made)
        return made

    def delete(self, name: str, options: JSON) -> JSON:
        """Has a TrainJob go; its pods go first where that is asked for."""
        job = self.job(name)
        uid = options.get("preconditions", {}).get("uid", job["metadata"]["uid"])
        if uid != job["metadata"]["uid"]:
            message = f"Operation cannot be fulfilled on trainjobs: Precondition failed: UID {uid}"
            raise Refused(409, "Conflict", message)
        if "deletionTimestamp" not in job["metadata"]:
            job["metadata"] |= {"deletionTimestamp": now(), "finalizers": [FINALIZER]}
            self.touched(job)
            if self.going != FOREVER:
                going = threading.Timer(self.going, self.remove, (job,))
                going.daemon = True
                going.start()
        return job

    def remove(self, job: JSON) -> None:
        """Takes a TrainJob and its pods away."""
        with self.lock:
            name = job["metadata"]["name"]
            if self.jobs.get(name) is job:
                for pod in self.pods_of(name):
                    del self.pods[pod["metadata"]["name"]]
                del self.jobs[name]

    def patch(self, name: str, change: JSON) -> JSON:
        """Merges a change into a TrainJob; what the CRD calls immutable must stay."""
        job = self.job(name)
        merged = _merged(copy.deepcopy(job), change)
        if wrong := [*errors(merged), *_changed(job["spec"], merged["spec"])]:
            raise Refused(422, "Invalid", f'TrainJob "{name}" is invalid: {"; ".join(wrong)}')
        self.jobs[name] = self.touched(merged)
        return merged

    def job(self, name: str) -> JSON:
        """A TrainJob."""
        return found(self.jobs, name, "trainjobs.trainer.kubeflow.org")

    def pods_of(self, job: str) -> list[JSON]:
        """A TrainJob's pods."""
        return [p for p in self.pods.values() if p["metadata"]["labels"].get(PODS_OF) == job]

    def touched(self, thing: JSON) -> JSON:
        """The object with its next version."""
        thing["metadata"]["resourceVersion"] = str(next(self._versions))
        return thing


def now() -> str:
    """The server's time, in whole seconds as in all its objects."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def found(things: dict[str, JSON], name: str, kind: str) -> JSON:
    if name not in things:
        raise Refused(404, "NotFound", f'{kind} "{name}" not found')
    return things[name]


def _training(job: JSON) -> tuple[Any, Any]:
    labels = job["metadata"].get("labels", {})
    return labels.get("biotune.io/run"), labels.get("biotune.io/key")


def _merged(there: JSON, change: JSON) -> JSON:
    """RFC 7386."""
    for key, value in change.items():
        if value is None:
            there.pop(key, None)
        elif isinstance(value, dict):
            there[key] = _merged(there.get(key) or {}, value)
        else:
            there[key] = value
    return there


def _changed(before: JSON, after: JSON) -> list[str]:
    fixed = ("activeDeadlineSeconds", "initializer", "managedBy", "runtimeRef", "trainer")
    return [f"spec.{k}: field is immutable" for k in fixed if before.get(k) != after.get(k)]
