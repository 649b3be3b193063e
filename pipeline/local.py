"""Runs the real pipeline on this machine, and leaves its folders in one place."""

import contextlib
import json
import os
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

from kfp import dsl, local
from kfp.local.orchestrator import task_executor

from components import recording
from components.failures import FAILURE
from pipeline import dag, place
from pipeline.outcome import ENGINE, StepFailed, Task, tasks, verdict
from pipeline.process import Processes


class Runner(Protocol):
    """Where the steps run: `process.Processes`, `containers.runner.Containers`."""

    images: Mapping[str, str]

    def engine(self, scratch: Path) -> local.SubprocessRunner | local.DockerRunner:
        """KFP's runner, for a run with this pipeline root."""

    def in_place(self, codes: dict[Path, int]) -> contextlib.AbstractContextManager[None]:
        """Lets our handler run KFP's tasks; `codes` gets each one's exit code, by its place."""


def run(
    checkpoint: str,
    dataset: str,
    overrides: Sequence[str],
    *,
    out: Path,
    manifest: str = "",
    seeds: Sequence[int] = (),
    folds: int = 0,
    registry: str = "",
    runner: Runner | None = None,
) -> None:
    """Runs the pipeline; leaves `backbone`, `model` and `evaluation` in `out`.

    With `seeds` there are `seed-0/model`, `seed-0/evaluation` and so on, and `summary`, with
    `folds` likewise `fold-1/model`; with `registry` there is `decision`, or nothing where the
    retraining has been done before. What the steps before a failed one made is left too, with
    `failure.json` beside it; the same run with the same `out` then goes on from there.

    Args:
        checkpoint: URI or path of the checkpoint.
        dataset: URI or path of the folder with the splits.
        overrides: Hydra overrides.
        out: folder to make; one that holds a whole run already is refused.
        manifest: the packed manifest of a model that has no committed one.
        seeds: to train and test with; the configuration's alone by default.
        folds: of a cross-validation by subject; 0 for the dataset's own splits.
        registry: URI or path of the models' registry; "" for no promotion.
        runner: where the steps run; in processes of this machine by default.

    Raises:
        InputError: `out` holds a run or cannot be written.
        StepFailed: a step failed.
    """
    arguments = {
        "checkpoint_uri": absolute(checkpoint),
        "dataset_uri": absolute(dataset),
        "overrides": list(overrides),
        "manifest": manifest,
    }
    if registry:
        arguments["registry_uri"] = absolute(registry)
    with place.claimed(out) as scratch, _places() as places:
        expected = partial(tasks, scratch, places, seeds, bool(registry), folds)
        shape = {"seeds": seeds, "folds": folds, "promotion": bool(registry)}
        try:
            _execute(arguments, scratch, runner or Processes(), shape, expected)
        except BaseException as error:
            told = place.instead(error, out)
            record = told.record if isinstance(told, StepFailed) else recording.record(told)
            place.leave(json.dumps(record), out / FAILURE)
            place.show(list(takewhile(lambda task: task.done, expected())), out)
            if told is not error:
                raise told from error
            raise
        place.show(expected(), out)
        shutil.rmtree(scratch)


def absolute(uri: str) -> str:
    """A local path from the root on, since a step may run elsewhere; a URI as it is."""
    return uri if "://" in uri else os.path.abspath(os.path.expanduser(uri))


def _execute(
    arguments: dict[str, Any],
    scratch: Path,
    runner: Runner,
    shape: Mapping[str, Any],
    expected: Callable[[], list[Task]],
) -> None:
    """Runs the pipeline in KFP's engine and raises what became of it."""
    codes: dict[Path, int] = {}
    local.init(
        runner.engine(scratch),
        pipeline_root=str(scratch),
        workspace_root=str(scratch / "workspace"),
        raise_on_error=False,
        enable_caching=True,
    )
    broken = None
    with runner.in_place(codes), _quiet(), _stoppable():
        try:
            dag.pipeline(runner.images, **shape)(**arguments)
        except Exception as error:  # what the step says of it counts more
            broken = error
    failed = verdict(codes, expected())
    if broken and (failed is None or failed.kind == ENGINE):
        raise broken
    if failed:
        raise failed from broken


@contextlib.contextmanager
def _places() -> Iterator[dict[str, Path]]:
    """Notes where each task's output lies, by KFP's word: it may be of an earlier attempt.

    Yields:
        The places by the tasks' names; it fills as they end.
    """
    original = task_executor.execute_single_task
    places: dict[str, Path] = {}

    def execute(*, task_name: str, **more):
        outputs, status = original(task_name=task_name, **more)
        for output in outputs.values():
            if isinstance(output, dsl.Artifact):
                places[task_name] = Path(output.uri).parent
        return outputs, status

    task_executor.execute_single_task = execute
    try:
        yield places
    finally:
        task_executor.execute_single_task = original


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps KFP's banners, colours and dumps of parameters off the terminal."""
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Makes SIGTERM and a closed terminal stop a run as Ctrl-C does: no step is left behind."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
