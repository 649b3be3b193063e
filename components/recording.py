"""The record that a failed step leaves.

It lies beside the step's outputs, because KFP's local engine loses the exit code and the message of
a step, and below the run's durable prefix where the environment names one, because a cluster loses
the pod.
"""

import json
import logging
import os
import socket
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components import storage
from components.failures import FAILURE, POD, RUN, RUNS, STOPPED, Failure, first_line
from components.logbook import last_lines
from components.redaction import redacted

log = logging.getLogger("biotune")

_FRAMES = 12


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
            _leave(record(error, step), Path(folder), step)
        raise


def record(error: BaseException, step: str = "") -> dict[str, Any]:
    """What `failure.json` says of an exception: kind, message, exit code, step, time and log."""
    kind, message, code, frames = "crash", f"{type(error).__name__}: {error}", 1, []
    if isinstance(error, Failure):
        kind, message, code = error.kind, str(error), error.exit_code
    elif isinstance(error, KeyboardInterrupt):
        kind, message, code = STOPPED, "interrupted", 130
    elif isinstance(error, SystemExit) and isinstance(error.code, int):
        kind, code = STOPPED, error.code
        message = "stopped by SIGTERM" if code == 143 else f"ended with exit code {code}"
    else:
        found = traceback.TracebackException.from_exception(error, limit=-_FRAMES)
        frames = "".join(found.format()).splitlines()
    told = {"kind": kind, "message": redacted(message), "exit_code": code, "step": step}
    told["time"] = datetime.now(UTC).isoformat(timespec="seconds")
    told["log"] = list(getattr(error, "log", ())) or last_lines()
    return told | ({"traceback": [redacted(frame) for frame in frames]} if frames else {})


def _leave(record: Mapping[str, Any], folder: Path, step: str) -> None:
    text = json.dumps(record, indent=1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FAILURE).write_text(text, encoding="utf-8")
    except OSError as error:
        with suppress(OSError):
            (folder / FAILURE).unlink(missing_ok=True)  # half of it would be worse than none
        log.warning("%s: %s can't be left there (%s)", folder, FAILURE, error.strerror)
    runs, run = os.environ.get(RUNS), os.environ.get(RUN)
    if not (step and runs and run):
        return
    try:
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / FAILURE
            file.write_text(text, encoding="utf-8")
            pod = os.environ.get(POD) or socket.gethostname()
            storage.put(file, storage.join(runs, f"{run}/{step}/{pod}/{FAILURE}"))
    except Exception as error:  # whatever it is, the step's own failure must not be lost for it
        log.warning("%s: the record of the failure can't be put there: %s", RUNS, first_line(error))
