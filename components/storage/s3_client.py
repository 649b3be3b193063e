"""The S3 client: endpoint, region and credentials by the usual AWS variables and chain."""

import os
from functools import lru_cache
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from components.storage.s3_errors import as_failures

# Servers other than Amazon's may not know the checksums that boto3 adds by itself.
_CHECKSUMS = ("request_checksum_calculation", "response_checksum_validation")


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
        return _client(tuple(relevant))


@lru_cache(maxsize=4)
def _client(environment: tuple[tuple[str, str], ...]):
    session = boto3.session.Session()
    made = session.client("s3", config=_settings())
    host = urlsplit(made.meta.endpoint_url).hostname or ""
    unset = [name for name in _CHECKSUMS if f"AWS_{name.upper()}" not in os.environ]
    if unset and not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        made = session.client("s3", config=_settings(**dict.fromkeys(unset, "when_required")))
    return made


def _settings(**more: str) -> Config:
    # Standard retries: three attempts, or AWS_MAX_ATTEMPTS. A custom endpoint is addressed by
    # path without being told.
    return Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard"},
        signature_version="s3v4",
        **more,
    )
