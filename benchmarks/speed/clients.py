"""Tuned S3 clients that fetch a prefix into a folder, those of them that this machine has."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.s3_server import Bucket

Fetch = Callable[[Path], None]
_QUIET = {"stdout": subprocess.DEVNULL, "check": True}


def found(bucket: Bucket, prefix: str) -> tuple[dict[str, Fetch], list[str]]:
    """The clients by name, and the names of those that are not installed."""
    uri = bucket.uri(prefix)
    clients: dict[str, Fetch] = {"boto3": lambda into: _boto3(bucket, prefix, into)}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    s5cmd, rclone = (shutil.which(name, path=path) for name in ("s5cmd", "rclone"))
    if s5cmd:
        asked = [s5cmd, "--endpoint-url", bucket.endpoint, "cp", "--concurrency", "8"]
        clients["s5cmd"] = lambda into: subprocess.run([*asked, f"{uri}/*", f"{into}/"], **_QUIET)
    if rclone:
        remote = f":s3,provider=Other,env_auth,endpoint='{bucket.endpoint}':{bucket.name}/{prefix}"
        tuned = ["--multi-thread-streams", "8", "--multi-thread-cutoff", "16M", "--transfers", "3"]
        copy = [rclone, "copy", "--config", os.devnull, *tuned, remote]
        clients["rclone"] = lambda into: subprocess.run([*copy, str(into)], **_QUIET)
    return clients, sorted({"s5cmd", "rclone"} - set(clients))


def _boto3(bucket: Bucket, prefix: str, into: Path) -> None:
    from s3transfer.manager import TransferConfig, TransferManager

    into.mkdir(exist_ok=True)
    tuned = TransferConfig(
        multipart_threshold=16 * 2**20,
        multipart_chunksize=16 * 2**20,
        max_request_concurrency=10,
        io_chunksize=2**20,
    )
    with TransferManager(bucket.client, tuned) as transfer:
        keys = [key for key in bucket.keys() if key.startswith(f"{prefix}/")]  # noqa: SIM118
        sent = [transfer.download(bucket.name, key, str(into / Path(key).name)) for key in keys]
        for download in sent:
            download.result()
