"""Objects in S3: the `s3` half of storage. Importing it costs boto3 (0.25 s)."""

import io
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import BinaryIO

from botocore.exceptions import (
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from s3transfer.manager import TransferConfig, TransferManager
from s3transfer.subscribers import BaseSubscriber

from components.failures import InputError, ServiceError
from components.storage.address import bucket_and_key, object_key, shown
from components.storage.local import beside, require_space
from components.storage.reader import RangeReader
from components.storage.s3_client import client
from components.storage.s3_errors import as_failures, code, status

_TRANSFER = TransferConfig(
    multipart_threshold=16 * 2**20, multipart_chunksize=16 * 2**20, max_request_concurrency=8
)
_BUFFER = 64 * 2**10
_READS = 3  # attempts at the body of one range


def stat(uri: str, fingerprint: str | None = None) -> tuple[int, str]:
    """Size in bytes and ETag of an object.

    Raises:
        InputError: missing, a folder, replaced since the fingerprint was taken, refused.
    """
    bucket, key = object_key(uri)
    s3 = client(uri)
    with as_failures(uri):
        try:
            answer = s3.head_object(Bucket=bucket, Key=key, **_if_match(fingerprint))
        except ClientError as error:
            raise _explained(s3, error, uri) from error
    return answer["ContentLength"], answer.get("ETag", "").strip('"')


def open_binary(uri: str, fingerprint: str | None) -> BinaryIO:
    """See `components.storage.open_binary`."""
    size, etag = stat(uri, fingerprint)
    return io.BufferedReader(RangeReader(size, partial(_read_range, uri, etag)), _BUFFER)


def exists(uri: str) -> bool:
    """Whether an object is there, or anything below that prefix."""
    return _is_object(uri) or is_folder(uri)


def is_folder(uri: str) -> bool:
    """Whether anything lies below that prefix."""
    bucket, key = bucket_and_key(uri)
    s3 = client(uri)
    with as_failures(uri):
        try:
            return bool(_first_below(s3, bucket, key))
        except ClientError as error:
            if code(error) == "NoSuchBucket":
                return False
            raise


def listing(uri: str) -> list[str]:
    """Names directly below a prefix, sorted."""
    bucket, key = bucket_and_key(uri)
    prefix = _prefix(key)
    names: set[str] = set()
    s3 = client(uri)
    with as_failures(uri):
        pages = s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
            names.update(entry["Key"] for entry in page.get("Contents", ()))
            names.update(entry["Prefix"] for entry in page.get("CommonPrefixes", ()))
    if prefix and not names:
        raise InputError(f"{shown(uri)}: nothing lies below this prefix; check bucket and prefix")
    return sorted({name[len(prefix) :].rstrip("/") for name in names} - {""})


def buckets() -> list[str] | None:
    """The buckets of the account behind the credentials; None if it may not list them."""
    everything = "s3://"
    s3 = client(everything)
    with as_failures(everything):
        try:
            return [bucket["Name"] for bucket in s3.list_buckets().get("Buckets", ())]
        except ClientError as error:
            if code(error) in ("AccessDenied", "AllAccessDisabled"):
                return None
            raise


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


def _if_match(etag: str | None) -> dict[str, str]:
    return {"IfMatch": f'"{etag}"'} if etag else {}


def _read_range(uri: str, etag: str, start: int, stop: int) -> bytes:
    """The bytes from start to stop (exclusive); a connection that breaks is tried again."""
    bucket, key = object_key(uri)
    s3 = client(uri)
    with as_failures(uri):
        for attempt in range(1, _READS + 1):
            asked = f"bytes={start}-{stop - 1}"
            answer = s3.get_object(Bucket=bucket, Key=key, Range=asked, **_if_match(etag))
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] != stop - start:
                    raise ServiceError(f"{shown(uri)}: the S3 server does not answer ranges")
                try:
                    return body.read()
                except (ResponseStreamingError, ReadTimeoutError, IncompleteReadError):
                    if attempt == _READS:
                        raise
    raise AssertionError("the last attempt returns or raises")


def _is_object(uri: str) -> bool:
    bucket, key = bucket_and_key(uri)
    if not key or key.endswith("/"):
        return False
    s3 = client(uri)
    with as_failures(uri):
        try:
            s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if status(error) != 404:
                raise _explained(s3, error, uri) from error
            return False
    return True


def _prefix(key: str) -> str:
    return f"{key.rstrip('/')}/" if key else ""


def _first_below(s3, bucket: str, key: str) -> list[str]:
    answer = s3.list_objects_v2(Bucket=bucket, Prefix=_prefix(key), MaxKeys=3)
    return [entry["Key"][len(_prefix(key)) :] for entry in answer.get("Contents", ())]


def _explained(s3, error: ClientError, uri: str) -> Exception:
    """A refused HEAD has no body and so no reason: a listing gets one, and knows folders."""
    bucket, key = object_key(uri)
    if status(error) not in (400, 403, 404):
        return error
    try:
        below = _first_below(s3, bucket, key)
    except ClientError as reason:
        return reason if status(error) != 404 or code(reason) == "NoSuchBucket" else error
    if below:
        names = ", ".join(below)
        return InputError(f"{shown(uri)}: is a folder where a file is wanted; it holds {names}")
    return error
