"""Failures that are told in one line: what was given, what is wrong with it, what to do."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

FAILURE = "failure.json"
RUNS, RUN, POD = "BIOTUNE_RUNS", "BIOTUNE_RUN", "BIOTUNE_POD"
STOPPED, PEER = "stopped", "peer"


class Failure(Exception):
    """The work failed for a reason that one line can tell.

    Attributes:
        log: the last lines of the process that failed, where it was another one than this.
    """

    kind = "failed"
    exit_code = 1
    log: Sequence[str] = ()

    def __init__(self, message: str) -> None:
        # torch raises what a DataLoader's worker raised again, with a traceback for its message.
        if message.startswith("Caught ") and "Original Traceback" in message:
            message = message.rstrip().splitlines()[-1].partition(": ")[2]
        super().__init__(message)


class InputError(Failure):
    """What the user gave is wrong: a key, a value, a file, an object, credentials."""

    kind = "input"
    exit_code = 2


class ServiceError(Failure):
    """A service is out of reach; the same call may go through later."""

    kind = "service"


class PeerLost(Failure):
    """A process or node of the same training did not answer; its own record says why, if any."""

    kind = PEER


class Findings(InputError):
    """Everything that is wrong, told at once.

    Args:
        messages: one line for each thing that is wrong.
    """

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("\n".join(self.messages))


@contextmanager
def noting(findings: list[str]) -> Iterator[None]:
    """Notes what the user got wrong instead of raising it, so that the next check runs too."""
    try:
        yield
    except Findings as error:
        findings.extend(error.messages)
    except InputError as error:
        findings.append(str(error))


def first_line(error: BaseException) -> str:
    """What an exception says in its first line; its type where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def reraise(record: Mapping[str, Any]) -> NoReturn:
    """Raises the failure that another process left in `failure.json`."""
    kinds = {kind.kind: kind for kind in (Failure, InputError, ServiceError, PeerLost)}
    failure = kinds.get(record["kind"], Failure)(record["message"])
    failure.log = record.get("log", ())
    raise failure
