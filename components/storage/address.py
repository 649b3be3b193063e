"""What a URI points to: a path on this machine, or a bucket and key."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from components.failures import InputError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")
_SECRET_PLACES = (
    (re.compile(r"^(\w[\w+.\-]*://)[^/@:]*:[^@]*@"), r"\1***@"),  # key:secret@, also with slashes
    (re.compile(r"^(\w[\w+.\-]*://)[^/]*@"), r"\1***@"),
    (re.compile(r"^(s3://)[^/]*:[^/]*", re.IGNORECASE), r"\1***"),  # a bucket has no colon
    (re.compile(r"^(https?://[^?]*)\?.*", re.IGNORECASE | re.DOTALL), r"\1?***"),  # presigned
    (re.compile(r"\?(?=.*(X-Amz-|Signature=)).*", re.IGNORECASE | re.DOTALL), "?***"),
)


def shown(uri: str) -> str:
    """The URI as a message may show it: on one line, and without what could be a secret."""
    for place, without in _SECRET_PLACES:
        uri = place.sub(without, uri)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in uri)


def scheme(uri: str) -> str:
    """Either "file" or "s3".

    Raises:
        InputError: any other scheme, or nothing at all.
    """
    if not uri:
        raise InputError("an empty URI; give a path, file:///path or s3://bucket/key")
    found = _SCHEME.match(uri)
    name = found.group(1).lower() if found else "file"
    if name not in ("file", "s3") or (not found and re.match(r"(s3|file|https?):", uri)):
        raise InputError(
            f"{shown(uri)}: this kind of URI can't be read; "
            "give a path, file:///path or s3://bucket/key"
        )
    return name


def local_path(uri: str) -> Path:
    """The path of a plain path or a `file://` URI (percent-encoded, without host)."""
    if not _SCHEME.match(uri):
        return Path(uri).expanduser()
    parts = urlsplit(uri, allow_fragments=False)
    if parts.netloc not in ("", "localhost"):
        raise InputError(f"{shown(uri)}: a file URI has three slashes: file:///path")
    return Path(unquote(uri.split("://", 1)[1].removeprefix(parts.netloc)))


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`; the key may be empty.

    Raises:
        InputError: no bucket, or credentials in the URI.
    """
    bucket, _, key = uri.split("://", 1)[1].partition("/")
    if ":" in bucket or "@" in bucket:
        raise InputError(
            f"{shown(uri)}: credentials have no place in a URI; write s3://bucket/key and set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if not bucket:
        raise InputError(f"{shown(uri)}: names no bucket; write s3://bucket/key")
    return bucket, key


def object_key(uri: str) -> tuple[str, str]:
    """Bucket and key where one object is wanted.

    Raises:
        InputError: the URI names a bucket or a folder.
    """
    bucket, key = bucket_and_key(uri)
    if not key or key.endswith("/") or key.rsplit("/", 1)[-1] in (".", ".."):
        raise InputError(
            f"{shown(uri)}: names a {'folder' if key else 'bucket'} where a file is wanted; "
            "write s3://bucket/key"
        )
    return bucket, key
