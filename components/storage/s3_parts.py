"""Parts of an object on disk, for who can tell by checksums of their own that they are right."""

import hashlib
import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from components.failures import ServiceError
from components.storage.address import shown
from components.storage.places import as_failures, require_space, scratch
from components.storage.reader import RangeReader
from components.storage.s3_body import read_range
from components.storage.s3_download import bring
from components.storage.s3_lookup import stat

Span = tuple[int, int]

_BLOCK = 32 * 2**10
_READINGS = 8


@contextmanager
def open_parts(uri: str, fingerprint: str | None) -> Iterator["Parts"]:
    """See `components.storage.open_parts`."""
    size, etag = stat(uri, fingerprint)
    with scratch("biotune-parts-") as folder, (folder / "parts").open("w+b", buffering=0) as here:
        here.truncate(size)  # without a buffer, which would not see that a part is brought anew
        yield Parts(uri, size, etag, here)


class Parts:
    """An object as a file, whose wanted parts are brought to this machine first.

    What is read without having been brought is asked for until two answers are the same, as is
    fit for headers: nothing tells otherwise whether a few bytes are those of the object.

    Args:
        uri: the object.
        size: its length in bytes.
        etag: of the version to be read; another one is refused.
        here: an empty file for what is brought.
    """

    def __init__(self, uri: str, size: int, etag: str, here: BinaryIO) -> None:
        self._uri, self._etag, self._here = uri, etag, here
        self._far = io.BufferedReader(RangeReader(size, partial(_agreed, uri, etag), block=_BLOCK))
        self._brought: list[Span] = []
        self._position = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves, as in any file."""
        from_here = whence == io.SEEK_CUR
        base = self._position if from_here else self._far.seek(0, whence)
        self._position = base + offset
        return self._position

    def read(self, size: int) -> bytes:
        """Reads up to `size` bytes.

        Raises:
            ServiceError: S3 out of reach, or what it sends is different each time.
        """
        span = (self._position, self._position + size)
        file = self._here if _within(span, self._brought) else self._far
        file.seek(self._position)
        data = file.read(size)
        self._position += len(data)
        return data

    def bring(self, spans: Sequence[Span]) -> None:
        """Has ranges (from, to) transferred, several at once; who wants them holds them to account.

        Raises:
            InputError: the object was replaced.
            Failure: the disk is too small.
            ServiceError: S3 out of reach.
        """
        wanted = _merged(spans)
        place = Path(self._here.name)
        require_space(place.parent, sum(stop - start for start, stop in wanted))
        with as_failures(place):
            bring(self._uri, self._etag, wanted, self._here.fileno())
        self._brought = _merged([*self._brought, *wanted])


def _agreed(uri: str, etag: str, start: int, stop: int) -> bytes:
    seen = set()
    for _ in range(_READINGS):
        content = read_range(uri, etag, start, stop)
        digest = hashlib.sha256(content).digest()
        if digest in seen:
            return content
        seen.add(digest)
    raise ServiceError(f"{shown(uri)}: arrives different each time; check the network")


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The same ranges in order, those that touch each other as one."""
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _within(span: Span, merged: list[Span]) -> bool:
    place = bisect_right(merged, (span[0], float("inf"))) - 1
    return place >= 0 and span[1] <= merged[place][1]
