"""One run at a time for an output folder: the second is refused before it works for nothing."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.failures import InputError


@contextmanager
def alone(output: Path) -> Iterator[None]:
    """Locks `output` by a file beside it; the kernel unlocks it when its holder dies.

    Where no lock can be taken (a read-only place, a file system without locks) the block runs all
    the same: an output appears whole or not at all, and is not overwritten.

    Raises:
        InputError: another run makes this output now.
    """
    target = Path(os.path.realpath(Path(output).expanduser()))
    file = target.parent / f".{target.name[:100]}.lock"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = _locked(file)
    except BlockingIOError:
        raise InputError(
            f"--output={output}: another run is making it now; wait for it, or name another folder"
        ) from None
    except (OSError, ValueError):  # a ValueError: a null byte in the path
        yield
        return
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(lock)


def _locked(file: Path) -> int:
    """An open lock on `file`, which may be removed by its last holder while we wait for it."""
    while True:
        lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.exists(file) and os.path.samestat(os.fstat(lock), file.stat()):
                return lock
        except OSError:
            os.close(lock)
            raise
        os.close(lock)
