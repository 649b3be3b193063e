"""Failures that are told in one line: what was given, what is wrong with it, what to do.

A step that fails leaves `failure.json` beside its outputs, because KFP's local engine loses the
exit code and the message of a step, and below the run's durable prefix where the environment names
one, because a cluster loses the pod.
"""

import json
import logging
import os
import socket
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from components.logbook import last_lines
from components.redaction import redacted

log = logging.getLogger("biotune")

FAILURE = "failure.json"
RUNS, RUN, POD = "BIOTUNE_RUNS", "BIOTUNE_RUN", "BIOTUNE_POD"
STOPPED = "stopped"
_FRAMES = 12


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


class Findings(InputError):
    """Everything that is wrong, told at once.

    Args:
        messages: one line for each thing that is wrong.
    """

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("\n".join(self.messages))


@contextmanager
def recorded(folder: Path, step: str = "") -> Iterator[None]:
    """Leaves `failure.json` when the block fails or is stopped, and lets the exception pass.

    Where `BIOTUNE_RUNS` and `BIOTUNE_RUN` are set, the record of a named step is also put at
    `<BIOTUNE_RUNS>/<BIOTUNE_RUN>/<step>/<BIOTUNE_POD>/failure.json`. A record that can't be
    written is warned of; the step's own failure is what counts.

    Args:
        folder: of the step's output; made if it is not there.
        step: the task's name, such as "finetune"; "" for a part of a step.
    """
    try:
        yield
    except BaseException as error:
        if not (isinstance(error, SystemExit) and error.code in (None, 0)):
            _leave(_record(error, step), Path(folder), step)
        raise


def first_line(error: BaseException) -> str:
    """What an exception says in its first line; its type where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def reraise(record: Mapping[str, Any]) -> NoReturn:
    """Raises the failure that another process left in `failure.json`."""
    kinds = {kind.kind: kind for kind in (Failure, InputError, ServiceError)}
    failure = kinds.get(record["kind"], Failure)(record["message"])
    failure.log = record.get("log", ())
    raise failure


def _record(error: BaseException, step: str) -> dict[str, Any]:
    kind, message, code, frames = "crash", f"{type(error).__name__}: {error}", 1, []
    if isinstance(error, Failure):
        kind, message, code = error.kind, str(error), error.exit_code
    elif isinstance(error, KeyboardInterrupt):
        kind, message, code = STOPPED, "interrupted", 130
    elif isinstance(error, SystemExit) and isinstance(error.code, int):
        kind, code = STOPPED, error.code
        message = "stopped by SIGTERM" if code == 143 else f"ended with exit code {code}"
    else:
        told = traceback.TracebackException.from_exception(error, limit=-_FRAMES)
        frames = "".join(told.format()).splitlines()
    record = {"kind": kind, "message": redacted(message), "exit_code": code, "step": step}
    record["time"] = datetime.now(UTC).isoformat(timespec="seconds")
    record["log"] = list(getattr(error, "log", ())) or last_lines()
    return record | ({"traceback": [redacted(frame) for frame in frames]} if frames else {})


def _leave(record: Mapping[str, Any], folder: Path, step: str) -> None:
    text = json.dumps(record, indent=1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FAILURE).write_text(text, encoding="utf-8")
    except OSError as error:
        log.warning("%s: %s can't be left there (%s)", folder, FAILURE, error.strerror)
    runs, run = os.environ.get(RUNS), os.environ.get(RUN)
    if not (step and runs and run):
        return
    from components import storage  # which raises what is defined here

    try:
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / FAILURE
            file.write_text(text, encoding="utf-8")
            pod = os.environ.get(POD) or socket.gethostname()
            storage.put(file, storage.join(runs, f"{run}/{step}/{pod}/{FAILURE}"))
    except Exception as error:  # whatever it is, the step's own failure must not be lost for it
        log.warning("%s: the record of the failure can't be put there: %s", RUNS, first_line(error))
