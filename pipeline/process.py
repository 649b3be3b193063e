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
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from kfp import local
from kfp.local import status, subprocess_task_handler

import components
from pipeline import steps
from pipeline.lines import finished, relay
from pipeline.outcome import place_of
from pipeline.place import identity

GRACE = 10.0  # seconds that a step has between SIGTERM and SIGKILL


class Processes:
    """Runs the steps in processes of this machine.

    Attributes:
        images: the image of each step, of which none is used.
    """

    images: Mapping[str, str] = steps.images()

    def engine(self, scratch: Path) -> local.SubprocessRunner:
        """KFP's runner for it."""
        return local.SubprocessRunner(use_venv=False)

    def in_place(self, codes: dict[Path, int]) -> AbstractContextManager[None]:
        """Puts our handler in place of KFP's, for as long as the block lasts."""
        return in_place(codes)


@contextmanager
def in_place(codes: dict[Path, int]) -> Iterator[None]:
    """Lets KFP's SubprocessRunner start its tasks through `StepProcess`.

    Args:
        codes: gets the exit code of each task, by its place; -9 and 137 are both a SIGKILL.
    """
    original = subprocess_task_handler.SubprocessTaskHandler
    subprocess_task_handler.SubprocessTaskHandler = functools.partial(StepProcess, codes)
    try:
        yield
    finally:
        subprocess_task_handler.SubprocessTaskHandler = original


class StepProcess(subprocess_task_handler.SubprocessTaskHandler):
    """Runs one task's command in this Python's environment and passes its lines on to stderr."""

    def __init__(self, codes: dict[Path, int], **task) -> None:
        super().__init__(**task)
        self.codes = codes

    def validate_image(self, image: str) -> None:
        """Takes any image: no container is made of it here."""

    def run(self) -> status.Status:
        """Runs the command to its end; the process and what it started do not outlive this."""
        place = place_of(self.full_command)
        place.mkdir(parents=True, exist_ok=True)  # a task that leaves nothing has its place, too
        step = place.name
        started = time.monotonic()
        env = environment({**identity(Path(self.pipeline_root)), **self.env_vars})
        code, held = _run(step, self._command(), env)
        self.codes[place] = code
        finished(step, code, held, place, time.monotonic() - started)
        return status.Status.FAILURE if code else status.Status.SUCCESS

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
    """Runs a command; gives its exit code and the lines that `relay` held back."""
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
        target=relay, args=(step, process.stdout, held, stopped.is_set), daemon=True
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
