"""A whole object on disk, in several parts at once, and proved to be the object."""

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor
from concurrent.futures import wait as ended
from pathlib import Path

from components.failures import ServiceError
from components.storage.address import shown
from components.storage.s3_body import Stopped, read_range, stream
from components.storage.s3_digest import Digest, Sums, digest_of

log = logging.getLogger("biotune")

PART = 16 * 2**20
_AT_ONCE = 8
_LARGEST = 64 * 2**20  # of a part that comes as one
_REPAIRS = 4


def download(uri: str, size: int, etag: str, here: Path) -> None:
    """Writes an object's content to a file.

    Raises:
        InputError: another version is there by now.
        OSError: the file can't be written.
        ServiceError: S3 out of reach, or what it sends is different each time.
    """
    digest = digest_of(uri, size, etag) if size else None
    in_parts = digest and digest.part and digest.part <= _LARGEST
    sums = Sums(digest.part, size) if in_parts else None
    with here.open("w+b") as file:
        file.truncate(size)
        bring(uri, etag, [(0, size)], file.fileno(), sums)
    if digest is None or (digest.is_of(sums) if sums else digest.holds(here)):
        return
    _mend(uri, etag, here, digest, _cut([(0, size)], PART))


def bring(
    uri: str,
    etag: str,
    ranges: Iterable[tuple[int, int]],
    descriptor: int,
    sums: Sums | None = None,
) -> None:
    """Writes ranges of an object to the same places of a file, unproved.

    Args:
        sums: gets those of all parts, if the range is the whole object: while the bytes arrive,
            several parts at once, there is time for it.

    Raises:
        InputError, OSError, ServiceError: see `download`.
    """

    def load(start: int, stop: int, stopped: threading.Event) -> None:
        add = sums.of(start) if sums else None

        def take(at: int, piece: bytes) -> None:
            _write(descriptor, piece, at)
            if add:
                add(piece)

        stream(uri, etag, start, stop, take, stopped)

    step = max(1, PART // sums.part) * sums.part if sums else PART
    _at_once(load, _cut(ranges, step))


def _cut(ranges: Iterable[tuple[int, int]], step: int) -> list[tuple[int, int]]:
    return [
        (place, min(place + step, stop))
        for start, stop in ranges
        for place in range(start, stop, step)
    ]


def _mend(
    uri: str, etag: str, here: Path, digest: Digest, ranges: Iterable[tuple[int, int]]
) -> None:
    for _ in range(_REPAIRS):
        log.warning("%s: has not arrived as it is in S3; it is read once more", shown(uri))
        if not _repaired(uri, etag, here, ranges):
            # Two readings agree to the last byte: this server's ETags are no digests.
            log.warning("%s: its ETag says nothing of its content", shown(uri))
            return
        if digest.holds(here):
            return
    raise ServiceError(f"{shown(uri)}: arrives different each time; check the network")


def _repaired(uri: str, etag: str, here: Path, ranges: Iterable[tuple[int, int]]) -> int:
    """Reads all again; where it differs, what two readings agree on is written."""
    differing: list[int] = []

    with here.open("r+b") as file:

        def compare(start: int, stop: int, stopped: threading.Event) -> None:
            seen = {_digest(os.pread(file.fileno(), stop - start, start))}
            for reading in range(_REPAIRS):
                if stopped.is_set():
                    raise Stopped
                content = read_range(uri, etag, start, stop)
                known = _digest(content) in seen
                if known and reading == 0:
                    return
                seen.add(_digest(content))
                if known:
                    break
            differing.append(start)
            _write(file.fileno(), content, start)

        _at_once(compare, ranges)
    return len(differing)


def _at_once(
    work: Callable[[int, int, threading.Event], None], ranges: Iterable[tuple[int, int]]
) -> None:
    """Works on several ranges at the same time; ends soon after one of them has failed."""
    stopped = threading.Event()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="s3") as pool:
        try:
            parts = [pool.submit(work, start, stop, stopped) for start, stop in ranges]
            done, _ = ended(parts, return_when=FIRST_EXCEPTION)
            for part in done:
                part.result()
        finally:  # also when the step is told to end
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _write(descriptor: int, content: bytes, at: int) -> None:
    left = memoryview(content)
    while left:
        written = os.pwrite(descriptor, left, at)
        left, at = left[written:], at + written


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
