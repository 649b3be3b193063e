"""The S3 server of the tests, for a benchmark: a real one, on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import s3_server


@contextmanager
def bucket(scratch: Path) -> Iterator[s3_server.Bucket]:
    """An empty bucket in a running server, and the environment set for it."""

    def made(name: str) -> Path:
        (scratch / name).mkdir()
        return scratch / name

    with pytest.MonkeyPatch.context() as patch:
        s3_server.aws_environment.__wrapped__(patch)
        started = s3_server.s3_server.__wrapped__(SimpleNamespace(mktemp=made))
        running = next(started)
        patch.setenv("AWS_ENDPOINT_URL", running.endpoint)
        try:
            yield running
        finally:
            started.close()
