"""Where files are written on this machine: what may be in the way, told with the place's name."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from components.failures import Failure, InputError
from components.storage.address import shown

REASONS = {
    errno.ENOENT: "no such file or folder; check the path",
    errno.EACCES: "no permission; check who may read and write there",
    errno.EPERM: "no permission; check who may read and write there",
    errno.EROFS: "the file system is read-only; name a place that can be written",
    errno.ENOTDIR: "a part of the path is a file, not a folder; check the path",
    errno.EISDIR: "is a folder where a file is wanted; name the file",
    errno.ENAMETOOLONG: "the name is too long; shorten it",
    errno.ELOOP: "the links lead in a circle; name the file itself",
}


class DiskFull(Failure):
    """What would be written does not fit on the disk."""


@contextmanager
def as_failures(place: str | Path) -> Iterator[None]:
    """Turns what the operating system says into a `Failure` that names `place`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"{shown(str(place))}: the disk is full; free some space") from error
        reason = REASONS.get(error.errno or 0, error.strerror or str(error))
        raise InputError(f"{shown(str(place))}: {reason}") from error
    except ValueError as error:  # a null byte in the path
        if "null" not in str(error):
            raise
        raise InputError(f"{shown(str(place))}: is no path ({error})") from error


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A path to write to; it becomes `target` at the end, and nothing is left if the block fails.

    Raises:
        InputError: the place can't be written.
    """
    with as_failures(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as scratch:
            partial = Path(scratch) / target.name
            yield partial
            os.replace(partial, target)


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A folder in `TMPDIR` for as long as the block lasts; a full disk is told with that name.

    Raises:
        DiskFull: in the block, or before it.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix))
        except OSError as error:  # none of the places that are tried has space, or can be written
            raise DiskFull(
                "TMPDIR: no folder for temporary files can be written; name one with space"
            ) from error
        try:
            yield Path(folder)
        except DiskFull as error:
            if folder not in str(error):
                raise
            raise DiskFull(f"{error}; TMPDIR says which") from error


def require_space(folder: Path, size: int) -> None:
    """Refuses to begin a write of `size` bytes that the disk of `folder` can't take."""
    with as_failures(folder):
        free = shutil.disk_usage(folder).free
    if free < size:
        raise DiskFull(
            f"{shown(str(folder))}: {size / 2**20:,.1f} MiB are needed and "
            f"{free / 2**20:,.1f} MiB are free; free some space or name another folder"
        )
