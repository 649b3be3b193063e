"""What a step says, on its way to the terminal: each line with the step's name before it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from components.console import ERROR
from components.failures import FAILURE

NOISE = "[KFP Executor "
WIDTH = len("load-checkpoint")


def relay(
    step: str, lines: Iterable[str], held: list[str], stopped: Callable[[], bool] = lambda: False
) -> None:
    """Passes a step's lines on, without KFP's and without the errors that it ends with.

    The step leaves those in `failure.json` too, and the command tells them at its own end. What
    a step says once it is `stopped` tells nothing but that.

    Args:
        step: the task's name.
        lines: as the step writes them.
        held: gets the lines that were not passed on.
        stopped: whether the run is being given up.
    """
    for line in _without_noise(lines):
        if stopped():
            continue
        held.append(line)
        if not line.startswith(ERROR):
            _say(step, *held)
            held.clear()


def finished(step: str, code: int, held: list[str], place: Path, seconds: float) -> None:
    """Tells how a step ended: what `relay` held back where nothing else tells it; or its time."""
    if not any(place.rglob(FAILURE)):
        _say(step, *held)
    if code == 0:
        _say(step, f"done in {seconds:.1f} s")


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
