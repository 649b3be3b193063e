"""What the server holds, as the JSON that it answers with."""

import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

JSON = dict[str, Any]
ENDED = ("SUCCEEDED", "FAILED", "CANCELED", "SKIPPED")


class Refused(Exception):
    """The server refuses a request, with the status of HTTP and the code of gRPC."""

    def __init__(self, status: int, message: str) -> None:
        codes = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 500: 13, 503: 14}
        super().__init__(message)
        self.status = status
        self.body = {"code": codes.get(status, 2), "message": message, "details": []}


@dataclass
class State:
    """Everything that outlives a restart.

    Attributes:
        experiments: by ID.
        runs: by ID, the oldest first.
        recurring: recurring runs by ID.
        multi_user: whether a namespace must be named.
        namespaces: those that the user has rights in, in multi-user mode.
        token: what a request must carry; "" for nothing.
        clock: seconds that the server's clock has been moved on.
        killed: runs that ended because their recurring run was deleted.
    """

    experiments: dict[str, JSON] = field(default_factory=dict)
    runs: dict[str, JSON] = field(default_factory=dict)
    recurring: dict[str, JSON] = field(default_factory=dict)
    multi_user: bool = False
    namespaces: list[str] = field(default_factory=lambda: ["team"])
    token: str = ""
    clock: int = 0
    killed: list[str] = field(default_factory=list)

    def content(self) -> JSON:
        """All of it, for a file."""
        return asdict(self)

    def now(self) -> str:
        """The time as the API writes it; each call is a second later, so that an order shows."""
        self.clock += 1
        return (datetime.now(UTC) + timedelta(seconds=self.clock)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def get(self, kind: str, key: str) -> JSON:
        """One experiment, run or recurring run.

        Raises:
            Refused: there is none, or it is in a namespace of others.
        """
        found = getattr(self, kind).get(key)
        if found is None:
            raise Refused(404, f"ResourceNotFoundError: {kind} {key} not found.")
        self.allow(self.namespace(found))
        return found

    def namespace(self, thing: JSON) -> str:
        """The namespace that something is in: that of its experiment."""
        if "namespace" in thing:
            return thing["namespace"]
        return self.experiments.get(thing.get("experiment_id", ""), {}).get("namespace", "")

    def allow(self, namespace: str) -> None:
        """Refuses a namespace that the user has no rights in."""
        if not self.multi_user:
            return
        if not namespace:
            raise Refused(400, "Invalid input error: a namespace is required in multi-user mode")
        if namespace not in self.namespaces:
            raise Refused(
                403, f"PermissionDenied: User 'me' is not authorized in namespace {namespace}"
            )

    def experiment(self, key: str | None) -> JSON:
        """The experiment of a new run; the default one where none is named."""
        if key:
            return self.get("experiments", key)
        if self.multi_user:
            raise Refused(400, "Invalid input error: experiment ID is required in multi-user mode")
        named = [e for e in self.experiments.values() if e["display_name"] == "Default"]
        return named[0] if named else self.add_experiment({"display_name": "Default"})

    def add_experiment(self, asked: JSON) -> JSON:
        """A new experiment."""
        new = {
            "experiment_id": str(uuid.uuid4()),
            "created_at": self.now(),
            "last_run_created_at": "1970-01-01T00:00:00Z",
            "storage_state": "AVAILABLE",
            **asked,
        }
        self.experiments[new["experiment_id"]] = new
        return new

    def add_run(self, asked: JSON) -> JSON:
        """A new run that waits to be started."""
        now = self.now()
        new = {
            "run_id": str(uuid.uuid4()),
            "storage_state": "AVAILABLE",
            "created_at": now,
            "scheduled_at": now,
            "finished_at": "1970-01-01T00:00:00Z",
            "state": "PENDING",
            "state_history": [{"update_time": now, "state": "PENDING"}],
            "service_account": "pipeline-runner",
            **asked,
        }
        self.runs[new["run_id"]] = new
        return new

    def end_runs_of(self, recurring_id: str) -> None:
        """Kills what runs for a recurring run: its workflows go with it."""
        for key, run in self.runs.items():
            if run.get("recurring_run_id") == recurring_id and run["state"] not in ENDED:
                run["state"] = "FAILED"
                run["error"] = {"code": 1, "message": "workflow was deleted"}
                self.killed.append(key)
