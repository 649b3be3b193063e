"""Small files read whole and written on a condition: how two writers stay apart."""

import hashlib
import os
from contextlib import suppress

from components.storage.address import scheme
from components.storage.conflict import Conflict

RECORD = 16 * 2**20  # bytes of a record at most


def read(uri: str, *, limit: int = RECORD) -> tuple[bytes, str]:
    """Reads a small file whole.

    Returns:
        Content and fingerprint, of one and the same version.

    Raises:
        Missing: nothing is there.
        InputError: it has more than `limit` bytes, or can't be read.
        ServiceError: S3 out of reach.
    """
    return _backend(uri).read(uri, limit)


def put_if(data: bytes, uri: str, *, fingerprint: str | None) -> str:
    """Writes a small file if it still is what the writer has read, at once or not at all.

    Args:
        fingerprint: of `read`; None if nothing may be there yet.

    Returns:
        The new fingerprint.

    Raises:
        Conflict: another writer was quicker; nothing was written.
        InputError: `uri` can't be written, or the server knows no conditional writes.
        ServiceError: S3 out of reach.
    """
    return _backend(uri).put_if(data, uri, fingerprint)


def require_conditions(uri: str) -> None:
    """Proves that `put_if` works at a place, by a file that may be overwritten at any time.

    Some S3 servers ignore a condition, in silence: the write that must fail would go through.

    Raises:
        InputError: the place can't be written, or the server does not honour conditions.
        ServiceError: S3 out of reach.
    """
    with suppress(Conflict):
        put_if(os.urandom(16), uri, fingerprint=None)
    for fingerprint in (None, hashlib.md5(b"", usedforsecurity=False).hexdigest()):
        try:
            put_if(os.urandom(16), uri, fingerprint=fingerprint)
        except Conflict:
            continue
        raise _backend(uri).ignorant(uri)


def _backend(uri: str):
    if scheme(uri) == "file":
        from components.storage import local_conditions

        return local_conditions
    from components.storage import s3_conditions

    return s3_conditions
