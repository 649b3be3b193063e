"""The server: it listens on a port of this machine, and restarts and fails as it is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.kubernetes_server.http import Handler
from tests.kubernetes_server.state import State
from tests.listening import Listening

# What the chart's Role gives, no more; a request beyond it is refused as a cluster does.
RIGHTS = {
    *(f"{verb} trainjobs" for verb in ("create", "get", "list", "delete")),
    *("get pods", "list pods", "get pods/log", "get workflows"),
}


@dataclass
class Fault:
    """How the server misbehaves.

    Attributes:
        how: `answer` with a status, `plain` text with a status, `drop` a request unread, `lose` the
            answer of one that was done.
        times: requests still to fail; None for all.
        verb, resource: of the requests that fail; "" for all.
    """

    status: int = 500
    how: str = "answer"
    times: int | None = None
    verb: str = ""
    resource: str = ""
    message: str = "made to fail"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Tripwire:
    """What is done at the n-th request of a kind: before, after, or instead of it."""

    verb: str
    resource: str
    when: str
    left: int
    does: Callable[[], None]


@dataclass
class KubernetesServer(Listening):
    """A stateful stand-in for the API server of a cluster with Kubeflow Trainer.

    Attributes:
        requests: verb, resource and name of every request that was let in, in order.
        violations: requests that the API does not have.
    """

    handler = Handler

    state: State = field(default_factory=State)
    token: str = "first-token"
    rights: set[str] = field(default_factory=lambda: set(RIGHTS))
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tripwires: list[Tripwire] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Its port."""
        return self._port

    def fail(self, status: int = 500, **settings: Any) -> Fault:
        """Lets requests fail from now on; see `Fault`."""
        fault = Fault(status, **settings)
        with self.lock:
            self.faults.append(fault)
        return fault

    def fault(self, asked: tuple[str, str, str]) -> Fault | None:
        """The misbehaviour that is due for a request."""
        with self.lock:
            for fault in self.faults:
                if fault.verb in ("", asked[0]) and fault.resource in ("", asked[1]):
                    if fault.times is None:
                        return fault
                    if fault.times > 0:
                        fault.times -= 1
                        return fault
        return None

    def at(
        self, verb: str, resource: str, when: str, does: Callable[[], None], count: int = 1
    ) -> None:
        """Does something at the n-th such request from now on: `before`, `after`, `instead`."""
        with self.lock:
            self.tripwires.append(Tripwire(verb, resource, when, count, does))

    def trip(self, asked: tuple[str, str, str], when: str) -> bool:
        """Does what is due at a request; whether there was something."""
        due = []
        with self.lock:
            for wire in self.tripwires:
                if (wire.verb, wire.resource) == asked[:2] and wire.when == when:
                    wire.left -= 1
                    if wire.left == 0:
                        due.append(wire.does)
        for does in due:
            does()
        return bool(due)

    def asked(self, verb: str, resource: str) -> int:
        """How many such requests there were."""
        return sum(request[:2] == (verb, resource) for request in self.requests)
