"""What became of a step: done, or failed for which reason.

KFP's word for it is not taken: a step is done when what it makes is there, and it failed for the
reason that it left in `failure.json`.
"""

import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components import artifacts
from components.failures import FAILURE, Failure
from pipeline.repeats import repeats

ENGINE = "engine"  # the kind of a failure that is KFP's own
UNCHANGED = "unchanged"  # what preflight returns of a retraining that has been done


@dataclass(frozen=True)
class Task:
    """A task of a run: the step that it is, and what it makes.

    Attributes:
        step: the step's name.
        place: the task's folder in KFP's pipeline root.
        below: the folder, below the run's, that takes its product: "", "seed-0/" or "fold-1/".
    """

    step: str
    place: Path
    below: str = ""

    @property
    def made(self) -> Path:
        """What it makes lies here."""
        return self.place / ARTIFACTS[self.step]

    @property
    def folder(self) -> str:
        """Where its product goes below the run's folder; "" for a step of parameters alone."""
        artifact = ARTIFACTS[self.step]
        return f"{self.below}{artifact}" if artifact else ""

    @property
    def done(self) -> bool:
        """Whether all that it makes is there. Each step leaves it at once, and whole."""
        return all((self.made / name).exists() for name in FILES[self.step])


FILES = {
    "preflight": ("load_checkpoint", "finetune", "evaluate"),
    "load-checkpoint": (artifacts.BACKBONE, artifacts.LOAD_REPORT),
    "finetune": (artifacts.MODEL, artifacts.CONFIG),
    "evaluate": (artifacts.METRICS, artifacts.REPORT),
    "summarize": (artifacts.SUMMARY, artifacts.SUMMARY_REPORT),
    "promote": (artifacts.DECISION,),
}
ARTIFACTS = {
    "preflight": "",
    "load-checkpoint": "backbone",
    "finetune": "model",
    "evaluate": "evaluation",
    "summarize": "summary",
    "promote": "decision",
}


def tasks(
    scratch: Path,
    places: Mapping[str, Path],
    seeds: Sequence[int] = (),
    promotion: bool = False,
    folds: int = 0,
) -> list[Task]:
    """The tasks of a run, in the order in which they run.

    Args:
        scratch: KFP's pipeline root, which may hold earlier attempts at the same run.
        places: of the tasks that have ended, by their names; one may be of an earlier attempt.
        seeds: of a run that trains and tests for several.
        promotion: whether the run promotes; an unchanged retraining then ends with preflight.
        folds: of a cross-validation; 0 for none.
    """
    last = max(scratch.glob("biotune-*"), default=scratch)  # KFP names them by their time

    def task(step: str, name: str, below: str = "") -> Task:
        return Task(step, places.get(name, last / name), below)

    first = task("preflight", "preflight")
    if promotion and _returned(first.place) == UNCHANGED:
        return [first]
    found = [first, task("load-checkpoint", "load-checkpoint")]
    repeated = repeats(seeds, folds)
    for number, repeat in enumerate(repeated or [None]):
        for step in ("finetune", "evaluate"):
            name = f"{step}-{number + 1}" if number else step  # as KFP does
            found.append(task(step, name, repeat.below if repeat else ""))
    ends = (["summarize"] if repeated else []) + (["promote"] if promotion else [])
    return found + [task(step, step) for step in ends]


def _returned(place: Path) -> Any:
    """What the function behind a task returned, None where it has not."""
    output = place / "executor_output.json"
    if not output.exists():
        return None
    return json.loads(output.read_text()).get("parameterValues", {}).get("Output")


def place_of(command: Sequence[str]) -> Path:
    """The folder of the task that a command of KFP's runs: KFP puts a timestamp in its path."""
    executor_input = command[command.index("--executor_input") + 1]
    return Path(json.loads(executor_input)["outputs"]["outputFile"]).parent


class StepFailed(Failure):
    """A step failed; it carries the step's own kind, message and exit code."""

    def __init__(self, step: str, record: dict[str, Any]) -> None:
        super().__init__(record["message"])
        self.kind = record["kind"]
        self.exit_code = record["exit_code"]
        self.record = {**record, "step": step}


def verdict(codes: Mapping[Path, int], expected: Sequence[Task]) -> StepFailed | None:
    """The first task that failed, with its own reason; None when all are done.

    Args:
        codes: the exit code of each task that ran, by its place.
        expected: the run's tasks.
    """
    for task in expected:
        name = task.place.name
        code = codes.get(task.place)
        if code is None and task.done:  # in an earlier attempt
            continue
        if code is None:
            message = f"{name} was not started: KFP's engine ended before"
            return StepFailed(name, {"kind": ENGINE, "message": message, "exit_code": 1})
        if code == 0 and task.done:
            continue
        texts = [file.read_text() for file in sorted(task.place.rglob(FAILURE))]
        told = [text for text in texts if text]  # a full disk leaves an empty one
        record = json.loads(told[0]) if told else _unexplained(task, code)
        if record["kind"] == "crash":
            record["message"] = f"{name} crashed: {' '.join(record['message'].split())}"
        return StepFailed(name, record)
    return None


def _unexplained(task: Task, code: int) -> dict[str, Any]:
    """The record of a task that left none."""
    name, number = task.place.name, -code if code < 0 else code - 128
    if code and number in signal.valid_signals():
        sent = signal.Signals(number).name
        why = ", most often because memory ran out" if number == signal.SIGKILL else ""
        message = f"{name} was killed by {sent} (exit code {128 + number}){why}"
    elif code:
        message = f"{name} ended with exit code {code} and left no reason"
    else:
        message = f"{name} ended without its output ({', '.join(FILES[task.step])})"
    return {"kind": "failed", "message": message, "exit_code": 1}
