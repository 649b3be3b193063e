"""Watches the fake server from the inside: what must hold after each single request."""

import copy
from dataclasses import dataclass, field

from pipeline.schedule import marker
from tests.kfp_server import operations
from tests.kfp_server.state import Refused


@dataclass
class Watch:
    """Breaks off at a request, and looks at what the server holds after each.

    Attributes:
        foreign: the recurring runs that are not ours, as they must stay.
        countdown: requests until one fails; -1 for never.
        lost: whether the request that fails takes effect, and the answer alone is lost.
        wrong: what did not hold.
    """

    foreign: dict = field(default_factory=dict)
    countdown: int = -1
    lost: bool = False
    wrong: list[str] = field(default_factory=list)

    def install(self, monkeypatch):
        plain = operations.answer

        def answer(operation, state, query, body):
            due, self.countdown = self.countdown == 0, max(self.countdown - 1, -1)
            if due and not self.lost:
                raise Refused(500, "cut off before")
            answered = plain(operation, state, query, body)
            self.look(operation.name, state)
            if due:
                raise Refused(500, "cut off after")
            return answered

        monkeypatch.setattr(operations, "answer", answer)

    def look(self, request, state):
        active = {}
        for one in state.recurring.values():
            mark = marker.read(one.get("description"))
            if mark and mark.owner == "me" and one["status"] == "ENABLED":
                active.setdefault(mark.name, []).append(one["recurring_run_id"])
        self.wrong += [f"{request}: {name} twice" for name, ids in active.items() if len(ids) > 1]
        if state.killed:
            self.wrong.append(f"{request}: killed {state.killed}")
        if {key: state.recurring.get(key) for key in self.foreign} != self.foreign:
            self.wrong.append(f"{request}: touched what is not ours")

    def guard(self, state):
        """From now on, what is there and bears not our mark must stay as it is."""
        self.foreign = copy.deepcopy(state.recurring)
