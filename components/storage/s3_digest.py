"""Whether a downloaded file is the object: what its ETag says of the content."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from components.storage.address import object_key
from components.storage.s3_client import client
from components.storage.s3_errors import as_failures, status
from components.storage.s3_lookup import if_match

_MD5 = re.compile(r"([0-9a-f]{32})(?:-([1-9][0-9]{0,4}))?")
_PIECE = 2**20
_UNKNOWN = (400, 405, 416, 501)  # of servers that know no numbers of parts


@dataclass(frozen=True)
class Digest:
    """An MD5 of the content, or the MD5 of the MD5s of its parts.

    Attributes:
        etag: what it must come to.
        part: bytes of a part but the last; None if the content went as a whole.
    """

    etag: str
    part: int | None

    def is_of(self, sums: "Sums") -> bool:
        """Whether the MD5s of all parts come to it."""
        found = b"".join(digest for _, digest in sorted(sums.found.items()))
        return f"{_md5(found).hexdigest()}-{len(sums.found)}" == self.etag

    def holds(self, path: Path) -> bool:
        """Whether a file has the content."""
        with path.open("rb") as file:
            if self.part is None:
                found = hashlib.file_digest(file, _md5).hexdigest()
                return found == self.etag
            digests = []
            while (digest := _of_part(file, self.part)) is not None:
                digests.append(digest)
        return f"{_md5(b''.join(digests)).hexdigest()}-{len(digests)}" == self.etag


class Sums:
    """The MD5 of each part of an object, taken from the bytes as they come.

    Args:
        part: bytes of a part but the last.
        size: of the object.

    Attributes:
        found: MD5 by the place of the part's first byte.
    """

    def __init__(self, part: int, size: int) -> None:
        self.part, self.size = part, size
        self.found: dict[int, bytes] = {}

    def of(self, start: int) -> Callable[[bytes], None]:
        """What to give the bytes to, in order, that begin with a part at `start`."""
        current, at = _md5(), start

        def take(content: bytes) -> None:
            nonlocal current, at
            left = memoryview(content)
            while left:
                first = at - at % self.part
                stop = min(first + self.part, self.size)
                some = left[: stop - at]
                current.update(some)
                left, at = left[len(some) :], at + len(some)
                if at == stop:
                    self.found[first], current = current.digest(), _md5()

        return take


def digest_of(uri: str, size: int, etag: str) -> Digest | None:
    """What can be known of an object's content, or None.

    Some servers' ETags have another meaning, as has Amazon's for objects that it encrypts with
    keys of its own; a digest that does not hold proves nothing alone.
    """
    found = _MD5.fullmatch(etag)
    if not found:
        return None
    bucket, key = object_key(uri)
    s3 = client(uri)
    more: dict[str, Any] = {"PartNumber": 1} if found.group(2) else {}
    with as_failures(uri):
        try:
            head = s3.head_object(Bucket=bucket, Key=key, **if_match(etag), **more)
        except ClientError as error:
            if status(error) not in _UNKNOWN:
                raise
            return None
    if head.get("SSECustomerAlgorithm") or "kms" in head.get("ServerSideEncryption", ""):
        return None
    if not more:
        return Digest(etag, None)
    part, count = head["ContentLength"], int(found.group(2))
    fits = part > 0 and -(-size // part) == count
    return Digest(etag, part) if fits else None


def _md5(content: bytes = b""):
    return hashlib.md5(content, usedforsecurity=False)


def _of_part(file, size: int) -> bytes | None:
    digest, left = _md5(), size
    while left and (piece := file.read(min(_PIECE, left))):
        digest.update(piece)
        left -= len(piece)
    return digest.digest() if left < size else None
