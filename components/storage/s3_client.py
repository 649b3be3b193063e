"""The S3 client: endpoint, region and credentials by the usual AWS variables and chain."""

import base64
import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from components.storage.s3_errors import as_failures
from components.storage.s3_patience import ATTEMPTS, Patience

CONNECT_TIMEOUT, READ_TIMEOUT = 5, 30  # seconds; the second between two pieces of an answer
_CONNECTIONS = 16  # kept open: more than a transfer uses at once
# Servers other than Amazon's may not know the checksums that boto3 adds by itself.
_CHECKSUMS = ("request_checksum_calculation", "response_checksum_validation")
_FILES = {
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
    "AWS_CONFIG_FILE": "~/.aws/config",
}


def client(uri: str):
    """The S3 client for the environment as it is now; kept as long as that does not change.

    Raises:
        InputError: the environment or its files are wrong; the message names `uri`.
    """
    relevant = sorted(
        (name, value)
        for name, value in os.environ.items()
        if name.startswith("AWS_") or name.lower().endswith("_proxy") or name == "HOME"
    )
    with as_failures(uri, also=(ValueError,)):
        return _client(tuple(relevant), _files_of_keys(), CONNECT_TIMEOUT, READ_TIMEOUT)


@lru_cache(maxsize=4)
def _client(environment: tuple[tuple[str, str], ...], files: tuple[int, ...], *timeouts: float):
    session = boto3.session.Session()
    attempts = session._session.get_config_variable("max_attempts") or ATTEMPTS
    made = session.client("s3", config=_settings(timeouts))
    host = urlsplit(made.meta.endpoint_url).hostname or ""
    unset = [name for name in _CHECKSUMS if f"AWS_{name.upper()}" not in os.environ]
    if unset and not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        more = dict.fromkeys(unset, "when_required")
        made = session.client("s3", config=_settings(timeouts, **more))
        for operation in ("PutObject", "UploadPart"):
            made.meta.events.register(f"before-call.s3.{operation}", _add_md5)
    Patience(int(attempts)).rule(made)
    return made


def _settings(timeouts: tuple[float, ...], **more: str) -> Config:
    # A custom endpoint is addressed by path without being told. Retries are `Patience`'s.
    connect, read = timeouts
    return Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=_CONNECTIONS,
        tcp_keepalive=True,
        signature_version="s3v4",
        **more,
    )


def _files_of_keys() -> tuple[int, ...]:
    """When the files with credentials were written: they may be renewed while a step runs."""
    places = (Path(os.environ.get(name, usual)).expanduser() for name, usual in _FILES.items())
    return tuple(place.stat().st_mtime_ns if place.exists() else 0 for place in places)


def _add_md5(params: dict[str, Any], **_: Any) -> None:
    """Lets the server refuse what has not arrived as it went; all of them know this header."""
    body = params["body"]
    if isinstance(body, bytes | bytearray):
        digest = hashlib.md5(body, usedforsecurity=False)
    else:
        begin = body.tell()
        digest = hashlib.md5(usedforsecurity=False)
        while piece := body.read(2**20):
            digest.update(piece)
        body.seek(begin)
    params["headers"]["Content-MD5"] = base64.b64encode(digest.digest()).decode()
