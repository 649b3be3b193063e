"""How long it takes until something happens."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.speed.rows import Bar, Row, compared, interleaved

HOME = Path(__file__).parents[2]
DEMO = HOME / "pipeline" / "demo"
CHECKPOINT = str(DEMO / "pretrained.ckpt")
BIOTUNE = [sys.executable, "-m", "pipeline"]
STEPS = [sys.executable, "-m", "components"]
BARE = [sys.executable, "-c", "pass"]
TASK = ["experiment=demo", "trainer.max_epochs=1"]
END = "+callbacks.end._target_=benchmarks.speed.first_step.End"


def rows(quick: bool) -> Iterator[Row]:
    """Yields each comparison as it is done."""
    with tempfile.TemporaryDirectory(prefix="biotune-bench-") as scratch:
        places = _Places(Path(scratch))
        yield _help(3 if quick else 15)
        yield _first_line(places, 3 if quick else 15)
        yield _first_step(places, 2 if quick else 5)
        yield _run(places, 1 if quick else 3)


class _Places:
    """Names of folders that nothing has been written to."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0

    def new(self) -> str:
        self._number += 1
        return str(self._folder / str(self._number))


def _help(rounds: int) -> Row:
    return compared(
        "`biotune --help`",
        Bar(0.3, unit="s"),
        interleaved(lambda: _seconds([*BIOTUNE, "--help"]), lambda: _seconds(BARE), rounds),
        value=lambda ours, _: ours,
        shown=_shown,
        note="The reference is bare Python.",
    )


def _first_line(places: _Places, rounds: int) -> Row:
    def ours() -> float:
        asked = ["load-checkpoint", "--checkpoint", CHECKPOINT, "--output", places.new()]
        return _until_line([*STEPS, *asked, "experiment=demo"])

    return compared(
        "load-checkpoint, process start to its first log line",
        Bar(1.0, unit="s"),
        interleaved(ours, lambda: _seconds(BARE), rounds),
        value=lambda ours, bare: ours - bare,
        shown=_shown,
        note="Beyond bare Python, the reference. The line tells that all is done.",
    )


def _first_step(places: _Places, rounds: int) -> Row:
    backbone = places.new()
    load = ["load-checkpoint", "--checkpoint", CHECKPOINT, "--output", backbone]
    _seconds([*STEPS, *load, "experiment=demo"])
    tune = [*STEPS, "finetune", "--backbone", backbone, "--dataset", str(DEMO), *TASK, END]
    bare = [sys.executable, "-m", "benchmarks.speed.first_step", backbone, str(DEMO)]
    return compared(
        "finetune, process start to first optimizer step, of a bare script's",
        Bar(1.1),
        interleaved(
            lambda: _seconds([*tune, "--output", places.new()]), lambda: _seconds(bare), rounds
        ),
        shown=_shown,
        note="The script imports torch, lightning and timm, fills the demo's model, reads a batch "
        "and takes a step. Ours also composes and checks the configuration, tries the HDF5 files "
        "in a process with limits, and validates two batches before it trains.",
    )


def _run(places: _Places, rounds: int) -> Row:
    def alone() -> float:
        backbone, model, evaluation = places.new(), places.new(), places.new()
        given, data = ["--checkpoint", CHECKPOINT], ["--dataset", str(DEMO)]
        commands = [
            ["preflight", *given, *data, *TASK],
            ["load-checkpoint", *given, "--output", backbone, *TASK],
            ["finetune", "--backbone", backbone, *data, "--output", model, *TASK],
            ["evaluate", "--model", model, *data, "--output", evaluation, *TASK],
        ]
        return sum(_seconds([*STEPS, *command]) for command in commands)

    given = ["--checkpoint", CHECKPOINT, "--dataset", str(DEMO), *TASK]
    return compared(
        "`biotune run`, wall time beyond the steps' own work, per step",
        Bar(1.0, unit="s"),
        interleaved(
            lambda: _seconds([*BIOTUNE, "run", "--out", places.new(), *given]), alone, rounds
        ),
        value=lambda ours, alone: (ours - alone) / 4,
        shown=_shown,
        note="The demo with one epoch; the reference is the sum of its four steps as commands.",
    )


def _seconds(command: list[str]) -> float:
    return _watched(command, lambda process: process.communicate())


def _until_line(command: list[str]) -> float:
    return _watched(command, lambda process: process.stderr.readline())


def _watched(command: list[str], until: Callable[[subprocess.Popen], object]) -> float:
    env = os.environ | {"PYTHONPATH": str(HOME)}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    began = time.perf_counter()
    with subprocess.Popen(command, env=env, **pipes) as process:
        until(process)
        seconds = time.perf_counter() - began
        told = process.stderr.read() if not process.stderr.closed else b""
    if process.returncode:
        raise SystemExit(f"{command}: exit code {process.returncode}: {told.decode()}")
    return seconds


def _shown(seconds: float) -> str:
    return f"{seconds:.2f} s"
