"""Runs the real pipeline on this machine, and leaves its folders in one place."""

import contextlib
import json
import os
import shutil
import signal
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from kfp import local

from components.console import INTERRUPTED
from components.failures import FAILURE, InputError
from pipeline import dag
from pipeline.outcome import ENGINE, PRODUCTS, StepFailed, done, place, verdict
from pipeline.process import Processes

SCRATCH = ".kfp"


class Runner(Protocol):
    """Where the steps run: `process.Processes`, `containers.runner.Containers`."""

    images: Mapping[str, str]

    def engine(self, scratch: Path) -> local.SubprocessRunner | local.DockerRunner:
        """KFP's runner, for a run with this pipeline root."""

    def in_place(self, codes: dict[str, int]) -> contextlib.AbstractContextManager[None]:
        """Lets our handler run KFP's tasks; `codes` gets the exit code of each step that ran."""


def run(
    checkpoint: str,
    dataset: str,
    overrides: Sequence[str],
    *,
    out: Path,
    manifest: str = "",
    runner: Runner | None = None,
) -> None:
    """Runs the pipeline; leaves `backbone`, `model` and `evaluation` in `out`.

    What the steps before a failed one made is left too, with `failure.json` beside it.

    Args:
        checkpoint: URI or path of the checkpoint.
        dataset: URI or path of the folder with the splits.
        overrides: Hydra overrides.
        out: folder to make; one that holds a run already is refused.
        manifest: the packed manifest of a model that has no committed one.
        runner: where the steps run; in processes of this machine by default.

    Raises:
        InputError: `out` holds a run or cannot be written.
        StepFailed: a step failed.
    """
    scratch = _claim(out)
    arguments = {
        "checkpoint_uri": absolute(checkpoint),
        "dataset_uri": absolute(dataset),
        "overrides": list(overrides),
        "manifest": manifest,
    }
    try:
        _execute(arguments, scratch, runner or Processes())
    except BaseException as error:
        (out / FAILURE).write_text(json.dumps(_record(error)))
        raise
    finally:
        for product in PRODUCTS:
            if product.folder and done(product, scratch):
                place(product, scratch).rename(out / product.folder)
        shutil.rmtree(scratch)


def absolute(uri: str) -> str:
    """A local path from the root on, since a step may run elsewhere; a URI as it is."""
    return uri if "://" in uri else os.path.abspath(os.path.expanduser(uri))


def _claim(out: Path) -> Path:
    held = [name for name in (SCRATCH, *(p.folder for p in PRODUCTS)) if name]
    held = [name for name in held if (out / name).exists()]
    if held:
        raise InputError(f"--out {out}: holds a run already ({', '.join(held)}); name another")
    scratch = out.absolute() / SCRATCH
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / FAILURE).unlink(missing_ok=True)
        scratch.mkdir()
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written ({error.strerror})") from error
    return scratch


def _execute(arguments: dict[str, Any], scratch: Path, runner: Runner) -> None:
    """Runs the pipeline in KFP's engine and raises what became of it."""
    codes: dict[str, int] = {}
    local.init(
        runner.engine(scratch),
        pipeline_root=str(scratch),
        workspace_root=str(scratch / "workspace"),
        raise_on_error=False,
        enable_caching=False,
    )
    broken = None
    with runner.in_place(codes), _quiet(), _stoppable():
        try:
            dag.pipeline(runner.images)(**arguments)
        except Exception as error:  # what the step says of it counts more
            broken = error
    failed = verdict(codes, scratch)
    if broken and (failed is None or failed.kind == ENGINE):
        raise broken
    if failed:
        raise failed from broken


def _record(error: BaseException) -> dict[str, Any]:
    if isinstance(error, StepFailed):
        return error.record
    if isinstance(error, KeyboardInterrupt):
        return {"kind": "interrupted", "message": "interrupted", "exit_code": INTERRUPTED}
    return {"kind": "crash", "message": f"{type(error).__name__}: {error}", "exit_code": 1}


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
