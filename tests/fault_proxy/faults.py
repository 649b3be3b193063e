"""Which request goes wrong, and how: drawn from a seed, so that a run can be had again."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

RESET_BEFORE, RESET_MID = "reset before the body", "reset in mid-body"
STALL_BEFORE, STALL_MID = "stall before the answer", "stall in mid-body"
TRUNCATED, FLIPPED = "truncated body", "flipped byte"
LOST = "answer lost"  # the request is carried out, and then the answer is 500
SENT_FLIPPED = "flipped byte in the request"
# Errors that the server itself would send: HTTP status and code.
ANSWERS = {
    "500": (500, "InternalError"),
    "503": (503, "SlowDown"),
    "clock skew": (403, "RequestTimeTooSkewed"),
    "expired": (400, "ExpiredToken"),
}
ON_THE_WAY_DOWN = (
    "500",
    "503",
    RESET_BEFORE,
    RESET_MID,
    STALL_BEFORE,
    STALL_MID,
    TRUNCATED,
    FLIPPED,
)
ON_THE_WAY_UP = ("500", "503", RESET_BEFORE, STALL_BEFORE, LOST, SENT_FLIPPED)
_OF_A_BODY = (RESET_MID, STALL_MID, TRUNCATED, FLIPPED)


@dataclass
class Faults:
    """Draws a fault for each request.

    Attributes:
        kinds: each as often as the others, for requests that are to send something back.
        kinds_up: the same, for requests that bring something.
        rate: share of the requests that go wrong.
        seed: of the draws.
        stall: seconds that a stall lasts; longer than the client waits.
        only: the methods whose requests go wrong; empty for all.
        most: how many go wrong at most.
        requests: how many came, by method.
        done: how many went wrong, by fault.
    """

    kinds: Sequence[str] = ON_THE_WAY_DOWN
    kinds_up: Sequence[str] = ON_THE_WAY_UP
    rate: float = 0.0
    seed: int = 0
    stall: float = 3.0
    only: Sequence[str] = ()
    most: float = float("inf")
    requests: Counter = field(default_factory=Counter)
    done: Counter = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(self.seed)

    def draw(self, method: str) -> tuple[str, float]:
        """The fault of a request, "" for none, and where in its body it strikes (0 to 1)."""
        with self._lock:
            self.requests[method] += 1
            strikes, where = self._random.random() < self.rate, self._random.random()
            kinds = self.kinds_up if method in ("PUT", "POST") else self.kinds
            if method not in ("GET", "PUT", "POST"):
                kinds = [kind for kind in kinds if kind not in _OF_A_BODY]
            drawn = {kind: self._random.random() for kind in kinds}
            # What came least often so far, so that few requests meet all there are.
            kind = min(kinds, key=lambda kind: (self.done[kind], drawn[kind]), default="")
            if not (strikes and kind) or (self.only and method not in self.only):
                return "", where
            if self.done.total() >= self.most:
                return "", where
            self.done[kind] += 1
            return kind, where
