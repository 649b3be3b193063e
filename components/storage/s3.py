"""Objects in S3: the `s3` half of storage. Importing it costs boto3 (0.25 s)."""

import io
from functools import partial
from pathlib import Path
from typing import BinaryIO

from botocore.exceptions import ClientError
from s3transfer.manager import TransferConfig, TransferManager

from components.storage.address import bucket_and_key, object_key
from components.storage.places import beside, require_space
from components.storage.reader import RangeReader
from components.storage.s3_body import read_range
from components.storage.s3_client import client
from components.storage.s3_download import download
from components.storage.s3_errors import as_failures, status
from components.storage.s3_lookup import exists, is_folder, listing, stat

__all__ = ["exists", "fetch", "is_folder", "listing", "open_binary", "put", "stat"]

_UPLOAD = TransferConfig(
    multipart_threshold=16 * 2**20,
    multipart_chunksize=16 * 2**20,
    max_request_concurrency=8,
)
_BUFFER = 64 * 2**10


def open_binary(uri: str, fingerprint: str | None) -> BinaryIO:
    """See `components.storage.open_binary`."""
    size, etag = stat(uri, fingerprint)
    return io.BufferedReader(RangeReader(size, partial(read_range, uri, etag)), _BUFFER)


def fetch(uri: str, into: Path, fingerprint: str | None) -> Path:
    """Downloads an object into a folder, under its own name, in several parts at once."""
    size, etag = stat(uri, fingerprint)
    _, key = object_key(uri)
    target = into / key.rsplit("/", 1)[-1]
    with beside(target) as here:
        require_space(target.parent, size)
        download(uri, size, etag, here)
    return target


def put(sources: list[tuple[Path, str]], uri: str) -> None:
    """Uploads each file to its place below `uri`; an empty relative name is `uri` itself."""
    bucket, key = bucket_and_key(uri)
    with as_failures(uri), TransferManager(client(uri), _UPLOAD) as transfer:
        keys = [f"{key.rstrip('/')}/{below}".strip("/") for _, below in sources]
        files = [str(file) for file, _ in sources]
        sent = [transfer.upload(file, bucket, k) for file, k in zip(files, keys, strict=True)]
        for upload, file, k in zip(sent, files, keys, strict=True):
            try:
                upload.result()
            except ClientError as error:
                completing = error.operation_name == "CompleteMultipartUpload"
                if not completing or status(error) not in (400, 404):
                    raise
                # The answer to it was lost, and its parts are put together already: once more.
                transfer.upload(file, bucket, k).result()
