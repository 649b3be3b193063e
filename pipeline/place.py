"""The folder of a run: one run at a time, which may be taken up again where it broke off.

KFP's engine works below `.kfp`, and remembers there which steps are done, by the same keys as a
cluster's cache. What is done is shown in the run's folder as soon as the run ends, well or not.
"""

import contextlib
import fcntl
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from components.failures import FAILURE, RUN, RUNS, Failure, InputError
from pipeline.outcome import Task

log = logging.getLogger("biotune")
SCRATCH = ".kfp"
_NEEDED = 32 * 2**10  # bytes, for a step's parameters and records
HELD = ("backbone", "model", "evaluation", "seed-*", "fold-*", "summary", "decision")


@contextlib.contextmanager
def claimed(out: Path) -> Iterator[Path]:
    """Takes a folder for a run, or takes up the run that broke off there.

    Yields:
        The folder for KFP's engine.

    Raises:
        InputError: the folder holds a whole run, is in use, or cannot be written.
    """
    scratch = out.absolute() / SCRATCH
    held = [path.name for name in HELD for path in sorted(out.glob(name))]
    if held and not scratch.exists():
        raise InputError(f"--out {out}: holds a run already ({', '.join(held)}); name another")
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        lock = (scratch / "lock").open("w")
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written ({error.strerror})") from error
    with lock:  # the system lets go of it, however the run ends
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"--out {out}: another run works there; name another") from None
        _take_back(scratch)
        (out / FAILURE).unlink(missing_ok=True)
        yield scratch


def identity(scratch: Path) -> dict[str, str]:
    """What tells a step which run it belongs to, and where that one keeps what must last."""
    return {RUNS: str(scratch), RUN: "lasting"}


def show(done: Sequence[Task], out: Path) -> None:
    """Puts what tasks have made into the run's folder; the engine finds it there by links."""
    for task in done:
        if not task.folder:
            continue
        shown = out.absolute() / task.folder
        shown.parent.mkdir(exist_ok=True)
        if shown.exists():  # of an attempt that ended between two renames
            shutil.rmtree(shown)
        task.made.rename(shown)
        task.made.symlink_to(shown)


def instead(error: BaseException, out: Path) -> BaseException:
    """What to tell of a failed run: where the disk is full, that, whatever came of it."""
    told = isinstance(error, Failure) and "free some space" in str(error)
    stopped = isinstance(error, KeyboardInterrupt | SystemExit)
    if told or stopped or shutil.disk_usage(out).free >= _NEEDED:
        return error
    return Failure(f"--out {out}: the disk is full; free some space and run the same again")


def leave(text: str, file: Path) -> None:
    """Writes a record whole or, where the disk is full, not at all."""
    try:
        file.write_text(text)
    except OSError as error:
        file.unlink(missing_ok=True)
        log.warning("%s: can't be left there (%s)", file, error.strerror)


def _take_back(scratch: Path) -> None:
    """Puts what an earlier attempt has made where the engine left it, to be used or replaced."""
    links = [path for path in scratch.glob("biotune-*/*/*") if path.is_symlink()]
    for link in links:
        made = link.readlink()
        link.unlink()
        if made.exists():
            made.rename(link)
        with contextlib.suppress(OSError):  # only a seed's or a fold's folder gets empty
            made.parent.rmdir()
    if links or any(scratch.glob("biotune-*/load-checkpoint")):
        log.info("going on with the run in %s", scratch.parent)
