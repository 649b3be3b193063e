"""The server: it listens on a port of this machine, and its test drives what becomes of runs."""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.kfp_server import specs
from tests.kfp_server.http import Handler
from tests.kfp_server.state import JSON, State
from tests.listening import Listening


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    operation: str  # as in RunService_GetRun; "" for none of the API
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: Any


@dataclass
class Fault:
    """How the server misbehaves.

    Attributes:
        status: the status of the answer; 0 for none.
        how: `answer`, `html` (a page with that status), `drop` the connection, or `hang`.
        times: requests still to fail; None for all.
        operation: only requests of operations with this in their name.
        message: of the answer.
    """

    status: int = 0
    how: str = "answer"
    times: int | None = None
    operation: str = ""
    message: str = "made to fail"


@dataclass
class KfpServer(Listening):
    """A stateful stand-in for the API server of Kubeflow Pipelines.

    Attributes:
        state: experiments, runs and recurring runs; what a test may look at and change.
        requests: every request, in order.
        violations: requests and answers that the official description does not allow.
    """

    handler = Handler

    folder: Path
    state: State = field(default_factory=State)
    requests: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Starts with the state that the last stop left."""
        kept = self.folder / "state.json"
        if kept.exists():
            self.state = State(**json.loads(kept.read_text()))
        self.stopped.clear()
        super().start()

    def stop(self) -> None:
        """Closes the port and every connection; what was held is kept in a file."""
        if self._http is None:
            return
        self.stopped.set()
        super().stop()
        with self.lock:
            (self.folder / "state.json").write_text(json.dumps(self.state.content()))

    def restart(self) -> None:
        """Stops and starts on the same port; nothing of the state is lost."""
        self.stop()
        self.start()

    def fail(self, status: int = 500, **settings: Any) -> None:
        """Lets requests fail from now on; see `Fault`."""
        with self.lock:
            self.faults.append(Fault(status, **settings))

    def fault(self, operation: str) -> Fault | None:
        """The misbehaviour that is due for a request."""
        with self.lock:
            for fault in self.faults:
                if fault.operation in operation and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def called(self, operation: str) -> list[Request]:
        """The requests of the operations with this in their name."""
        return [request for request in self.requests if operation in request.operation]

    def run_named(self, name: str) -> JSON:
        """The one run with this name."""
        [found] = [run for run in self.state.runs.values() if run["display_name"] == name]
        return found

    def steps(self, run_id: str) -> list[str]:
        """The names of a run's steps."""
        return specs.steps(self.state.runs[run_id])
