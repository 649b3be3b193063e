"""What the steps leave on disk: file names, and folders that appear whole or not at all."""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.failures import FAILURE, Failure, InputError

BACKBONE = "backbone.safetensors"
LOAD_REPORT = "report.json"
MODEL = "model.safetensors"
CONFIG = "config.yaml"
LEARNING_RATES = "learning_rates.csv"
HISTORY = "history.csv"
METRICS = "metrics.json"
DETAILS = "details.json"
PREDICTIONS = "predictions.npz"
REPORT = "report.html"
SUMMARY = "summary.json"
SUMMARY_REPORT = "summary.html"
DECISION = "decision.json"
CHAMPION = "champion.json"

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def publish(output: Path) -> Iterator[Path]:
    """A scratch folder beside `output` that becomes `output` when the block succeeds.

    Args:
        output: a folder that is not there yet, or holds nothing (or the record of an earlier
            failure alone). Parents are made.

    Yields:
        The folder to write into. When the block fails, it is removed and `output` stays as it was.

    Raises:
        InputError: `output` holds something, or the place can't be written.
        Failure: the disk is full.
    """
    target = Path(output)
    with _told(target):
        target = Path(os.path.realpath(target.expanduser()))
        _refuse_content(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name[:100]}-", dir=target.parent))
    try:
        with _full_disk_told(target):
            yield scratch
        with _told(target):
            _put_in_place(scratch, target)
    finally:
        # Nothing is there any more when all went well.
        shutil.rmtree(scratch, ignore_errors=True)


def load_report(folder: Path) -> dict[str, Any]:
    """What load-checkpoint reported beside a backbone.

    Raises:
        InputError: the folder was not made by load-checkpoint.
    """
    file = Path(folder) / LOAD_REPORT
    try:
        report = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"--backbone={folder}: {LOAD_REPORT} can't be read there ({error}); "
            "give a folder that load-checkpoint made"
        ) from error
    if not isinstance(report, dict) or "coverage" not in report:
        raise InputError(
            f"--backbone={folder}: {LOAD_REPORT} is not a report of load-checkpoint; "
            "give a folder that load-checkpoint made"
        )
    return report


def _refuse_content(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(f"--output={target}: is a file; name a folder that is not there yet")
    held = sorted(os.listdir(target))
    if held and held != [FAILURE]:
        raise InputError(
            f"--output={target}: the folder is not empty (it holds {held[0]}"
            f"{f' and {len(held) - 1} more' if held[1:] else ''}); nothing is overwritten: "
            "name another folder, or remove this one first"
        )


def _put_in_place(scratch: Path, target: Path) -> None:
    _refuse_content(target)  # another run may have been quicker
    (target / FAILURE).unlink(missing_ok=True)
    umask = os.umask(0)
    os.umask(umask)
    for path in (scratch, *scratch.rglob("*")):  # some writers make theirs for the owner alone
        if not path.is_symlink():
            path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
    os.replace(scratch, target)


@contextmanager
def _full_disk_told(target: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if isinstance(error, Failure) or not _says_full(error):
            raise
        raise Failure(f"--output={target}: the disk is full; free some space") from error


def _says_full(error: Exception) -> bool:
    """Also where a library, as safetensors does, makes an error of its own of it."""
    said = str(error)
    return getattr(error, "errno", None) in _FULL or any(os.strerror(n) in said for n in _FULL)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    try:
        with _full_disk_told(target):
            yield
    except (OSError, ValueError) as error:  # a ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"--output={target}: can't be written ({reason}); name a folder where you may write"
        ) from error
