"""Small files read whole and written on a condition, on this machine or a shared disk."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.failures import InputError
from components.storage.address import local_path, shown
from components.storage.conflict import Missing, conflict
from components.storage.places import as_failures, beside


def read(uri: str, limit: int) -> tuple[bytes, str]:
    """See `components.storage.read`."""
    path = local_path(uri)
    with as_failures(uri):
        if not path.exists():
            raise Missing(f"{shown(uri)}: no such file; check the path")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    if len(content) > limit:
        raise InputError(f"{shown(uri)}: is larger than {limit} bytes, too large for a record")
    return content, _fingerprint(content)


def put_if(data: bytes, uri: str, fingerprint: str | None) -> str:
    """See `components.storage.put_if`.

    The lock is the kernel's: it falls when its holder is killed. Readers need none, since a file
    is renamed into place.
    """
    path = local_path(uri)
    with as_failures(uri):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path):
            there = path.read_bytes() if path.exists() else None
            if (None if there is None else _fingerprint(there)) != fingerprint:
                raise conflict(uri)
            with beside(path) as partial, partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
    return _fingerprint(data)


def ignorant(uri: str) -> InputError:
    """The failure of a file system that keeps no locks."""
    return InputError(
        f"{shown(uri)}: the file system does not keep writers apart; name another place"
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keeps a folder's other writers away; the lock file stays, for removing it lets two in."""
    with (path.parent / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:  # closing alone leaves it to a process that was forked meanwhile
            fcntl.flock(lock, fcntl.LOCK_UN)


def _fingerprint(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
