"""Files by URI: a path, `file:///path`, or `s3://bucket/key`.

S3 endpoint, region and credentials come from the usual AWS variables and chain
(`AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
`AWS_SESSION_TOKEN`, `AWS_PROFILE`, ...). Everything that the user can cause (a missing object,
refused credentials, an unwritable place) is an `InputError`; a server that can't be reached after
bounded retries is a `ServiceError`. No message shows a secret.
"""

import posixpath
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from components.failures import InputError
from components.storage import local
from components.storage.address import scheme, shown
from components.storage.conditions import put_if, read, require_conditions
from components.storage.conflict import Conflict, Missing
from components.storage.places import DiskFull, scratch

__all__ = [
    "Conflict", "DiskFull", "Missing", "Stat", "exists", "fetch", "is_folder", "is_here", "join",
    "listing", "open_binary", "open_parts", "open_whole", "put", "put_if", "read",
    "require_conditions", "scratch", "shown", "stat",
]  # fmt: skip


@dataclass(frozen=True)
class Stat:
    """What is known of a file without reading it.

    Attributes:
        uri: as given.
        size: bytes.
        fingerprint: changes with the content: the ETag in S3, `sha256:<hex>` of a local file.
    """

    uri: str
    size: int
    fingerprint: str


def _backend(uri: str):
    if scheme(uri) == "file":
        return local
    from components.storage import s3  # who reads files alone does not wait for boto3

    return s3


def open_binary(uri: str, *, fingerprint: str | None = None) -> BinaryIO:
    """Opens a file for reading; from S3 only the ranges that are read are transferred.

    Args:
        uri: a file or an object.
        fingerprint: of `stat`; a file that has another one by now is refused.

    Raises:
        InputError: missing, a folder, not the one of the fingerprint, replaced while being read.
        ServiceError: S3 out of reach, now or at a later read.
    """
    return _backend(uri).open_binary(uri, fingerprint)


@contextmanager
def open_whole(uri: str, *, fingerprint: str | None = None) -> Iterator[BinaryIO]:
    """Opens a file whose content is what it was when it was stored, to the last byte.

    `open_binary` and `open_parts` can't know that of an object, of which they read parts alone.
    This downloads it into `TMPDIR` for as long as the block lasts, and holds it against its ETag.

    Raises:
        Failure: the disk of `TMPDIR` is too small.
        InputError, ServiceError: see `open_binary`.
    """
    with ExitStack() as stack:
        folder = Path() if is_here(uri) else stack.enter_context(scratch("biotune-file-"))
        file = fetch(uri, folder, fingerprint=fingerprint)
        yield stack.enter_context(file.open("rb"))


def open_parts(uri: str, *, fingerprint: str | None = None) -> AbstractContextManager[Any]:
    """Opens an object, not a local file, for who knows checksums of the parts that are wanted.

    Its `bring` has ranges transferred to `TMPDIR`, unproved; `read` and `seek` are those of a file.

    Raises:
        InputError, ServiceError: see `open_binary`.
    """
    from components.storage.s3_parts import open_parts as opened

    return opened(uri, fingerprint)


def is_here(uri: str) -> bool:
    """Whether it names a file of this machine, where any part is quickly read."""
    return scheme(uri) == "file"


def stat(uri: str) -> Stat:
    """Size and fingerprint of a file; a local file is read for it."""
    return Stat(uri, *_backend(uri).stat(uri))


def exists(uri: str) -> bool:
    """Whether there is a file, object, folder, or anything below a prefix."""
    return _backend(uri).exists(uri)


def is_folder(uri: str) -> bool:
    """Whether there is a folder, or anything below a prefix."""
    return _backend(uri).is_folder(uri)


def join(uri: str, name: str) -> str:
    """The URI of `name` (which may hold slashes) below `uri`.

    Raises:
        InputError: `name` leads out of `uri`.
    """
    name = posixpath.normpath(name)
    if name.startswith(("/", "..")):
        raise InputError(f"{shown(name)}: leads out of {shown(uri)}")
    is_url = uri.lower().startswith("file://")
    return f"{uri.rstrip('/')}/{quote(name) if is_url else name}"


def listing(uri: str) -> list[str]:
    """Names of what lies directly below a folder or prefix, sorted, folders without a slash.

    Raises:
        InputError: there is no such folder or bucket, or nothing lies below the prefix.
    """
    return _backend(uri).listing(uri)


def fetch(uri: str, into: Path, *, fingerprint: str | None = None) -> Path:
    """A local path with the file's content; a local file is not copied, its own path is given.

    Args:
        uri: a file or an object.
        into: folder for what must be downloaded; made if it is not there.
        fingerprint: see `open_binary`.

    Raises:
        Failure: the disk is too small.
        InputError, ServiceError: see `open_binary`; or `into` can't be written.
    """
    return _backend(uri).fetch(uri, Path(into), fingerprint)


def put(path: Path, uri: str) -> None:
    """Stores a file as `uri` (below it, if it ends in a slash), or a folder's files below it.

    What has the same name there is replaced, one file after the other; the rest stays.

    Raises:
        InputError: nothing is at `path`, or `uri` can't be written.
        ServiceError: S3 out of reach.
    """
    path = Path(path)
    found = local.sources(path)
    if uri.endswith("/") and path.is_file():
        uri = join(uri, path.name)
    _backend(uri).put(found, uri)
