"""Failures that are told in one line: what was given, what is wrong with it, what to do.

A step that fails leaves `failure.json` beside its outputs, because KFP's local engine loses the
exit code and the message of a step.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

FAILURE = "failure.json"


class Failure(Exception):
    """The work failed for a reason that one line can tell."""

    kind = "failed"
    exit_code = 1

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


class Findings(InputError):
    """Everything that is wrong, told at once.

    Args:
        messages: one line for each thing that is wrong.
    """

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("\n".join(self.messages))


@contextmanager
def recorded(folder: Path) -> Iterator[None]:
    """Leaves `failure.json` in `folder` when the block fails, and lets the exception pass."""
    try:
        yield
    except BaseException as error:
        expected = isinstance(error, Failure)
        record = {
            "kind": error.kind if expected else "crash",
            "message": str(error) if expected else f"{type(error).__name__}: {error}",
            "exit_code": error.exit_code if expected else 1,
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FAILURE).write_text(json.dumps(record))
        raise


def first_line(error: BaseException) -> str:
    """What an exception says in its first line; its type where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def reraise(record: Mapping[str, Any]) -> NoReturn:
    """Raises the failure that another process left in `failure.json`."""
    kinds = {kind.kind: kind for kind in (Failure, InputError, ServiceError)}
    raise kinds.get(record["kind"], Failure)(record["message"])
