"""The server: it listens on a port of this machine, and its test drives what becomes of runs."""

import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.kfp_server import specs
from tests.kfp_server.http import Handler
from tests.kfp_server.state import JSON, State


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
class KfpServer:
    """A stateful stand-in for the API server of Kubeflow Pipelines.

    Attributes:
        state: experiments, runs and recurring runs; what a test may look at and change.
        requests: every request, in order.
        violations: requests and answers that the official description does not allow.
    """

    folder: Path
    state: State = field(default_factory=State)
    requests: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tls: tuple[Path, Path] | None = None  # certificate and key
    lock: threading.RLock = field(default_factory=threading.RLock)
    stopped: threading.Event = field(default_factory=threading.Event)
    connections: set[Any] = field(default_factory=set)
    _port: int = 0
    _http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it listens; the same after a restart."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Starts with the state that the last stop left."""
        kept = self.folder / "state.json"
        if kept.exists():
            self.state = State(**json.loads(kept.read_text()))
        self.stopped.clear()
        handler = type("BoundHandler", (Handler,), {"kfp": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._port = self._http.server_address[1]
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Closes the port and every connection; what was held is kept in a file."""
        if self._http is None:
            return
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()
        self._http = None
        with self.lock:
            for connection in list(self.connections):
                Handler.cut(connection)
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
