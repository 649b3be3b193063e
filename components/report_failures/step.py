"""Gathers the records of a run's failures into one page."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components import storage
from components.artifacts import publish
from components.failures import FAILURE, InputError, noting
from components.pages import rendered
from components.storage import shown

log = logging.getLogger("biotune")

TEMPLATE = Path(__file__).parent / "failures.html.j2"
FAILURES, PAGE = "failures.json", "failures.html"
NOWHERE = "this pipeline was compiled without `runs`, so that its steps left no record anywhere"
_LARGEST = 2**22
_FIELDS = {"kind": str, "message": str, "exit_code": int, "time": str, "log": list}


@dataclass(frozen=True)
class Attempt:
    """One pod's failure. KFP retries a step in a new pod, and runs a step once for each seed.

    Attributes:
        step, pod: which it was.
        kind: "input", "service", "failed", "crash" or "stopped"; "unreadable" of a bad record.
        time: in UTC, as in ISO 8601; "" where it is not known.
        log: the last lines, and after them those of a crash's traceback.
    """

    step: str
    pod: str
    kind: str
    message: str
    exit_code: int
    time: str
    log: list[str]


@dataclass(frozen=True)
class Report:
    """What came out.

    Attributes:
        attempts: the steps in the order in which they failed last, the newest first; of each step
            its newest attempt first.
        note: why there is none, where that needs a word; and what could not be read.
        page: the HTML file, which holds the attempts as JSON too.
    """

    attempts: list[Attempt]
    note: str
    page: Path


def run(runs: str, run: str, output: Path) -> Report:
    """Reads `<runs>/<run>/<step>/<pod>/failure.json`, of all steps and pods.

    A step that failed and went through when it was tried again has left the record of the first
    attempt. Which attempt was the last the records can't tell, and the page says so.

    Args:
        runs: URI of the durable prefix of all runs; "" where the profile names none.
        run: the run's id.
        output: folder to make, with `failures.json` and `failures.html`.

    Raises:
        ServiceError: storage is out of reach.
    """
    attempts, note = _gathered(runs, run)
    for attempt in attempts:
        log.info("%s failed (%s): %s", attempt.step, attempt.kind, attempt.message)
    if not attempts:
        log.info("no step recorded a failure%s", f": {note}" if note else "")
    elif note:
        log.info("there may be more: %s", note)
    content = {"run": run, "note": note, "failures": [asdict(attempt) for attempt in attempts]}
    with publish(output) as folder:
        (folder / FAILURES).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        page = rendered(TEMPLATE, {**content, "content": content})
        (folder / PAGE).write_text(page, encoding="utf-8")
    return Report(attempts, note, Path(output) / PAGE)


def _gathered(runs: str, run: str) -> tuple[list[Attempt], str]:
    if not runs or not run:
        return [], NOWHERE
    prefix = storage.join(runs, run)
    notes: list[str] = []
    found: list[Attempt] = []
    with noting(notes):
        if storage.exists(prefix):
            found = [_attempt(*place) for place in _records(prefix, notes)]
    newest: dict[str, str] = {}
    for attempt in found:
        newest[attempt.step] = max(newest.get(attempt.step, ""), attempt.time)
    found.sort(key=lambda a: (newest[a.step], a.step, a.time), reverse=True)
    return found, "; ".join(notes)


def _records(prefix: str, notes: list[str]) -> Iterator[tuple[str, str, str]]:
    """Step, pod and URI of each record; a training keeps its states below the same prefix.

    A folder that may not be read is noted, and costs no other one's records.
    """
    for step in _folders(prefix):
        below = storage.join(prefix, step)
        with noting(notes):
            for pod in _folders(below):
                record = storage.join(below, f"{pod}/{FAILURE}")
                with noting(notes):
                    if storage.exists(record):
                        yield step, pod, record


def _folders(uri: str) -> list[str]:
    """Names of the folders directly below; whoever opens one may leave a file of their own."""
    return [name for name in storage.listing(uri) if storage.is_folder(storage.join(uri, name))]


def _attempt(step: str, pod: str, uri: str) -> Attempt:
    try:
        with storage.open_binary(uri) as file:
            record = _checked(json.loads(file.read(_LARGEST)))
    except (InputError, ValueError, RecursionError) as error:
        message = f"{shown(uri)}: no record of a failure ({error})"
        record = {"kind": "unreadable", "message": message, "exit_code": 1}
    return Attempt(
        step=step,
        pod=pod,
        kind=record["kind"],
        message=record["message"],
        exit_code=record["exit_code"],
        time=record.get("time", ""),
        log=[str(line) for key in ("log", "traceback") for line in record.get(key, ())],
    )


def _checked(record: Any) -> dict[str, Any]:
    with suppress(AttributeError):
        if all(isinstance(record.get(key, kind()), kind) for key, kind in _FIELDS.items()):
            return {"kind": "failed", "message": "", "exit_code": 1} | record
    raise ValueError("it is of another form")
