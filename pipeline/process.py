"""How a step's process runs under KFP's local engine.

KFP's own handler drops the exit code, indents and mixes the lines, leaves the child behind on
Ctrl-C, and replaces `python3` wherever it stands, be it within the path of the user's data. This
handler takes its place; all else, the command included, is KFP's.
"""

import functools
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from kfp.local import status, subprocess_task_handler

import components
from components.console import ERROR
from components.failures import FAILURE

GRACE = 10.0  # seconds that a step has between SIGTERM and SIGKILL
NOISE = "[KFP Executor "
WIDTH = len("load-checkpoint")


@contextmanager
def in_place(codes: dict[str, int]) -> Iterator[None]:
    """Lets KFP's SubprocessRunner start its tasks through `StepProcess`.

    Args:
        codes: gets the exit code of each step that ran; -9 and 137 are both a SIGKILL.
    """
    original = subprocess_task_handler.SubprocessTaskHandler
    subprocess_task_handler.SubprocessTaskHandler = functools.partial(StepProcess, codes)
    try:
        yield
    finally:
        subprocess_task_handler.SubprocessTaskHandler = original


class StepProcess(subprocess_task_handler.SubprocessTaskHandler):
    """Runs one task's command in this Python's environment and passes its lines on to stderr."""

    def __init__(self, codes: dict[str, int], **task) -> None:
        super().__init__(**task)
        self.codes = codes

    def validate_image(self, image: str) -> None:
        """Takes any image: no container is made of it here."""

    def run(self) -> status.Status:
        """Runs the command to its end; the process and what it started do not outlive this."""
        step = self.full_command[-1].replace("_", "-")
        started = time.monotonic()
        code, held = _run(step, self._command(), environment(self.env_vars))
        self.codes[step] = code
        if not any(Path(self.pipeline_root).rglob(FAILURE)):
            _say(step, *held)
        if code:
            return status.Status.FAILURE
        _say(step, f"done in {time.monotonic() - started:.1f} s")
        return status.Status.SUCCESS

    def _command(self) -> list[str]:
        shell, flags, script, *rest = self.full_command
        script = script.replace("python3", shlex.quote(sys.executable))
        # Left in /tmp, the program would stay there.
        script = script.replace("mktemp -d", f"mktemp -d -p {shlex.quote(self.pipeline_root)}")
        return [shell, flags, script, *rest]


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The environment in which a child finds our `components`, and the user's modules after it.

    `python -m` would look into the working folder first. One with a folder `components` of its
    own, as Kubeflow projects have, would then shadow ours.
    """
    home = str(Path(components.__file__).parents[1])
    path = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)), os.getcwd()]
    ours = {
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
    }
    return {**os.environ, **ours, **(extra or {})}


def _run(step: str, command: list[str], env: dict[str, str]) -> tuple[int, list[str]]:
    """Runs a command; gives its exit code and the lines that `_relay` held back."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=env,
        start_new_session=True,
    )
    held: list[str] = []
    stopped = threading.Event()
    reader = threading.Thread(
        target=_relay, args=(step, process.stdout, held, stopped), daemon=True
    )
    reader.start()
    try:
        code = process.wait()
    except BaseException:
        stopped.set()
        _signal(process, signal.SIGTERM)
        raise
    finally:
        _end(process, reader)
    return code, held


def _end(process: subprocess.Popen, reader: threading.Thread) -> None:
    """Waits until nobody holds the step's output open, and kills who does for too long."""
    try:
        reader.join(GRACE)
    finally:
        if reader.is_alive():
            _signal(process, signal.SIGKILL)
        process.wait()
        reader.join(1.0)


def _signal(process: subprocess.Popen, number: int) -> None:
    with suppress(ProcessLookupError):  # all of them have ended
        os.killpg(process.pid, number)


def _relay(step: str, lines: TextIO, held: list[str], stopped: threading.Event) -> None:
    """Passes a step's lines on, without KFP's and without the errors that it ends with.

    The step leaves those in `failure.json` too, and the command tells them at its own end. What
    a step says once it is `stopped` tells nothing but that.
    """
    for line in _without_noise(lines):
        if stopped.is_set():
            continue
        held.append(line)
        if not line.startswith(ERROR):
            _say(step, *held)
            held.clear()


def _without_noise(lines: Iterable[str]) -> Iterator[str]:
    dumping = False  # KFP prints a task's whole input, indented, down to a lone brace
    for line in lines:
        line = line.rstrip()
        if line.startswith(NOISE):
            dumping = line.endswith("Got executor_input:")
        elif dumping:
            dumping = line != "}"
        elif line:
            yield line


def _say(step: str, *lines: str) -> None:
    # Not `print`: KFP replaces it meanwhile by one that indents.
    sys.stderr.write("".join(f"{step:<{WIDTH}} | {line}\n" for line in lines))
    sys.stderr.flush()
