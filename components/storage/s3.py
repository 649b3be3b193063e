"""Objects in S3: the `s3` half of storage. Importing it costs boto3 (0.25 s)."""

import io
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import BinaryIO

from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError
from s3transfer.manager import TransferConfig, TransferManager
from s3transfer.subscribers import BaseSubscriber

from components.failures import ServiceError
from components.storage.address import bucket_and_key, object_key, shown
from components.storage.local import beside, require_space
from components.storage.reader import RangeReader
from components.storage.s3_client import client
from components.storage.s3_errors import as_failures
from components.storage.s3_lookup import exists, if_match, is_folder, listing, stat

__all__ = ["exists", "fetch", "is_folder", "listing", "open_binary", "put", "stat"]

_TRANSFER = TransferConfig(
    multipart_threshold=16 * 2**20,
    multipart_chunksize=16 * 2**20,
    max_request_concurrency=8,
    max_io_queue_size=128,  # of 256 KiB each: what waits for a slow disk stays in memory
)
_BUFFER = 64 * 2**10
_READS = 3  # attempts at the body of one range


def open_binary(uri: str, fingerprint: str | None) -> BinaryIO:
    """See `components.storage.open_binary`."""
    size, etag = stat(uri, fingerprint)
    return io.BufferedReader(RangeReader(size, partial(_read_range, uri, etag)), _BUFFER)


def fetch(uri: str, into: Path, fingerprint: str | None) -> Path:
    """Downloads an object into a folder, under its own name, in several parts at once."""
    size, etag = stat(uri, fingerprint)
    bucket, key = object_key(uri)
    target = into / key.rsplit("/", 1)[-1]
    with beside(target) as here:
        require_space(target.parent, size)
        with as_failures(uri), TransferManager(client(uri), _TRANSFER) as transfer:
            known = [_Known(size, f'"{etag}"')]
            transfer.download(bucket, key, str(here), subscribers=known).result()
        if here.stat().st_size != size:
            raise ServiceError(f"{shown(uri)}: the download is not whole; try again")
    return target


def put(sources: list[tuple[Path, str]], uri: str) -> None:
    """Uploads each file to its place below `uri`; an empty relative name is `uri` itself."""
    bucket, key = bucket_and_key(uri)
    with as_failures(uri), TransferManager(client(uri), _TRANSFER) as transfer:
        sent = [
            transfer.upload(str(file), bucket, f"{key.rstrip('/')}/{below}".strip("/"))
            for file, below in sources
        ]
        for upload in sent:
            upload.result()


class _Known(BaseSubscriber):
    """Tells the transfer what is known already: it need not ask, and refuses another version."""

    def __init__(self, size: int, etag: str) -> None:
        self._size, self._etag = size, etag

    def on_queued(self, future, **_) -> None:
        future.meta.provide_transfer_size(self._size)
        future.meta.provide_object_etag(self._etag)


def _read_range(uri: str, etag: str, start: int, stop: int) -> bytes:
    """The bytes from start to stop (exclusive); a connection that breaks is tried again."""
    bucket, key = object_key(uri)
    s3 = client(uri)
    with as_failures(uri):
        for attempt in range(1, _READS + 1):
            asked = f"bytes={start}-{stop - 1}"
            answer = s3.get_object(Bucket=bucket, Key=key, Range=asked, **if_match(etag))
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] != stop - start:
                    raise ServiceError(f"{shown(uri)}: the S3 server does not answer ranges")
                try:
                    return body.read()
                except (ResponseStreamingError, ReadTimeoutError, IncompleteReadError):
                    if attempt == _READS:
                        raise
    raise AssertionError("the last attempt returns or raises")
