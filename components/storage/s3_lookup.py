"""What lies in S3: sizes, fingerprints, names; nothing is transferred."""

from botocore.exceptions import ClientError

from components.failures import InputError
from components.storage.address import bucket_and_key, object_key, shown
from components.storage.s3_client import client
from components.storage.s3_errors import as_failures, code, status


def stat(uri: str, fingerprint: str | None = None) -> tuple[int, str]:
    """Size in bytes and ETag of an object.

    Raises:
        InputError: missing, a folder, replaced since the fingerprint was taken, refused.
    """
    bucket, key = object_key(uri)
    s3 = client(uri)
    with as_failures(uri):
        try:
            answer = s3.head_object(Bucket=bucket, Key=key, **if_match(fingerprint))
        except ClientError as error:
            raise _explained(s3, error, uri) from error
    return answer["ContentLength"], answer.get("ETag", "").strip('"')


def exists(uri: str) -> bool:
    """Whether an object is there, or anything below that prefix."""
    return _is_object(uri) or is_folder(uri)


def is_folder(uri: str) -> bool:
    """Whether anything is seen below that prefix; who may read only objects sees nothing."""
    bucket, key = bucket_and_key(uri)
    s3 = client(uri)
    with as_failures(uri):
        try:
            return bool(_first_below(s3, bucket, key))
        except ClientError as error:
            if code(error) in ("NoSuchBucket", "AccessDenied"):
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


def if_match(etag: str | None) -> dict[str, str]:
    """The condition of a request that takes this version of an object alone, if one is named."""
    return {"IfMatch": f'"{etag}"'} if etag else {}


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
