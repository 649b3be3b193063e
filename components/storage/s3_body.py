"""The bytes of an object: what breaks off goes on from where it broke."""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

from botocore.exceptions import ClientError

from components.failures import InputError, ServiceError
from components.storage.address import object_key, shown
from components.storage.s3_client import client
from components.storage.s3_errors import REPLACED, as_failures, has_expired
from components.storage.s3_lookup import if_match
from components.storage.s3_patience import BROKEN, patience_of, wait

_PIECE = 128 * 2**10  # what has come of one when the connection breaks is lost
_PROGRESS = 2**20
Take = Callable[[int, bytes], Any]


class Stopped(Exception):
    """Another part of the same transfer has failed."""


def read_range(uri: str, etag: str, start: int, stop: int) -> bytearray:
    """The bytes from start to stop (exclusive), all of them."""
    content = bytearray(stop - start)

    def take(at: int, piece: bytes) -> None:
        content[at - start : at - start + len(piece)] = piece

    stream(uri, etag, start, stop, take)
    return content


def stream(
    uri: str,
    etag: str,
    start: int,
    stop: int,
    take: Take,
    stopped: threading.Event | None = None,
) -> None:
    """Gives the bytes from start to stop (exclusive) away in pieces, each with its place.

    An attempt that brings a MiB begins the count of attempts anew.

    Args:
        uri: the object.
        etag: of the version to be read; another one is refused.
        start: the first byte.
        stop: the byte after the last one.
        take: called with place and content of each piece, in order.
        stopped: ends it early.

    Raises:
        InputError: another version is there by now.
        ServiceError: S3 out of reach after bounded attempts.
        Stopped: by `stopped`.
    """
    stopped = stopped or threading.Event()
    at, attempt = start, 0
    while at < stop:
        began = at
        attempt += 1
        s3 = client(uri)
        with as_failures(uri):
            try:
                for piece in _pieces(s3, uri, etag, at, stop):
                    if stopped.is_set():
                        raise Stopped
                    take(at, piece)
                    at += len(piece)
            except (*BROKEN, ClientError) as error:
                if at - began >= _PROGRESS:
                    attempt = 1
                if not _again(error, s3, uri) or attempt >= patience_of(s3).attempts:
                    raise
                wait(attempt, stopped.wait)


def _pieces(s3: Any, uri: str, etag: str, at: int, stop: int):
    bucket, key = object_key(uri)
    asked = f"bytes={at}-{stop - 1}"
    answer = s3.get_object(Bucket=bucket, Key=key, Range=asked, **if_match(etag))
    with closing(answer["Body"]) as body:
        given = answer.get("ContentRange", "")
        if answer["ContentLength"] != stop - at or not given.startswith(f"bytes {at}-"):
            raise ServiceError(f"{shown(uri)}: the S3 server does not answer ranges")
        if etag and answer.get("ETag", "").strip('"') not in ("", etag):  # it ignores If-Match
            raise InputError(f"{shown(uri)}: {REPLACED}")
        while piece := body.read(_PIECE):
            yield piece


def _again(error: Exception, s3: Any, uri: str) -> bool:
    """What broke off, and what was asked for with credentials that have been renewed since."""
    if isinstance(error, ClientError):
        return has_expired(error) and client(uri) is not s3
    return True
