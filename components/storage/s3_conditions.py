"""Small objects read whole and written on a condition (`If-Match`, `If-None-Match`)."""

import hashlib
from contextlib import closing

from botocore.exceptions import ClientError

from components.failures import InputError, ServiceError
from components.storage.address import object_key, shown
from components.storage.conflict import Missing, conflict
from components.storage.s3_client import client
from components.storage.s3_errors import as_failures, code, status
from components.storage.s3_lookup import if_match
from components.storage.s3_patience import BROKEN, patience_of, wait

# 409: another conditional write is under way. 404: the object of If-Match has been removed.
_UNMET = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
_UNKNOWN = ("NotImplemented", "MethodNotAllowed")


def read(uri: str, limit: int) -> tuple[bytes, str]:
    """See `components.storage.read`.

    What does not come to its ETag is read again: two readings that agree are taken, since not
    every server's ETags are digests.
    """
    s3 = client(uri)
    attempts = patience_of(s3).attempts
    seen: bytes | None = None
    with as_failures(uri):
        for attempt in range(1, attempts + 1):
            try:
                content, etag = _read_once(s3, uri, limit)
            except BROKEN:
                if attempt == attempts:
                    raise
            else:
                if content == seen or _holds(content, etag):
                    return content, etag
                seen = content
            wait(attempt)
    raise ServiceError(f"{shown(uri)}: arrives different each time; check the network")


def _read_once(s3, uri: str, limit: int) -> tuple[bytes, str]:
    bucket, key = object_key(uri)
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code(error) != "NoSuchKey":
            raise
        raise Missing(f"{shown(uri)}: no such object; check bucket and key") from error
    with closing(answer["Body"]) as body:
        if answer["ContentLength"] > limit:
            raise InputError(f"{shown(uri)}: is larger than {limit} bytes, too large for a record")
        return body.read(), answer["ETag"].strip('"')


def _holds(content: bytes, etag: str) -> bool:
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == etag


def put_if(data: bytes, uri: str, fingerprint: str | None) -> str:
    """See `components.storage.put_if`."""
    bucket, key = object_key(uri)
    s3 = client(uri)
    condition = {"IfNoneMatch": "*"} if fingerprint is None else if_match(fingerprint)
    with as_failures(uri):
        try:
            answer = s3.put_object(Bucket=bucket, Key=key, Body=data, **condition)
        except ClientError as error:
            if status(error) == 501 or code(error) in _UNKNOWN:
                raise ignorant(uri) from error
            if code(error) not in _UNMET and status(error) != 412:
                raise
            return _of_a_lost_answer(data, uri, error)
    return answer["ETag"].strip('"')


def ignorant(uri: str) -> InputError:
    """The failure of a server that knows no conditional writes."""
    return InputError(
        f"{shown(uri)}: the S3 server does not honour conditional writes (If-Match, "
        "If-None-Match), so two writers at once would overwrite each other; update the server, or "
        "keep this on another one or on a shared disk"
    )


def _of_a_lost_answer(data: bytes, uri: str, error: ClientError) -> str:
    """The first try may have gone through, and only its answer been lost: boto tries again."""
    try:
        there, fingerprint = read(uri, len(data))
    except InputError:  # gone, or larger, or not to be seen: not what we wrote
        raise conflict(uri) from error
    if there != data:
        raise conflict(uri) from error
    return fingerprint
