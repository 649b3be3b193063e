"""What became of a step: done, or failed for which reason.

KFP's word for it is not taken: a step is done when what it makes is there, and it failed for the
reason that it left in `failure.json`.
"""

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components import artifacts
from components.failures import FAILURE, Failure

ENGINE = "engine"  # the kind of a failure that is KFP's own


@dataclass(frozen=True)
class Product:
    """What a step makes.

    Attributes:
        step: the task's name.
        folder: the artifact's name in KFP, and of the folder that a run leaves; "" for none.
        files: lie in it once the step is done.
    """

    step: str
    folder: str
    files: tuple[str, ...]


PRODUCTS = (
    Product("preflight", "", ("load_checkpoint", "finetune", "evaluate")),
    Product("load-checkpoint", "backbone", (artifacts.BACKBONE, artifacts.LOAD_REPORT)),
    Product("finetune", "model", (artifacts.MODEL, artifacts.CONFIG)),
    Product("evaluate", "evaluation", (artifacts.METRICS, artifacts.REPORT)),
)


class StepFailed(Failure):
    """A step failed; it carries the step's own kind, message and exit code."""

    def __init__(self, step: str, record: dict[str, Any]) -> None:
        super().__init__(record["message"])
        self.kind = record["kind"]
        self.exit_code = record["exit_code"]
        self.record = {"step": step, **record}


def verdict(codes: dict[str, int], scratch: Path) -> StepFailed | None:
    """The first step that failed, with its own reason; None when all are done.

    Args:
        codes: the exit code of each step that ran.
        scratch: KFP's pipeline root.
    """
    for product in PRODUCTS:
        code = codes.get(product.step)
        if code is None:
            message = f"{product.step} was not started: KFP's engine ended before"
            return StepFailed(product.step, {"kind": ENGINE, "message": message, "exit_code": 1})
        if code == 0 and done(product, scratch):
            continue
        records = sorted(place(product, scratch).rglob(FAILURE))
        record = json.loads(records[0].read_text()) if records else _unexplained(product, code)
        if record["kind"] == "crash":
            record["message"] = f"{product.step} crashed: {' '.join(record['message'].split())}"
        return StepFailed(product.step, record)
    return None


def _unexplained(product: Product, code: int) -> dict[str, Any]:
    """The record of a step that left none."""
    number = -code if code < 0 else code - 128
    if code and number in signal.valid_signals():
        name = signal.Signals(number).name
        why = ", most often because memory ran out" if number == signal.SIGKILL else ""
        message = f"{product.step} was killed by {name} (exit code {128 + number}){why}"
    elif code:
        message = f"{product.step} ended with exit code {code} and left no reason"
    else:
        message = f"{product.step} ended without its output ({', '.join(product.files)})"
    return {"kind": "failed", "message": message, "exit_code": 1}


def place(product: Product, scratch: Path) -> Path:
    """The folder that holds a step's product: KFP puts a timestamp in its path."""
    task = next(scratch.glob(f"*/{product.step}"), scratch / product.step)
    return task / product.folder


def done(product: Product, scratch: Path) -> bool:
    """Whether all that a step makes is there. Each step leaves it at once, and whole."""
    return all((place(product, scratch) / name).exists() for name in product.files)
