"""The fixture `unwell_s3`: the real S3 server behind a proxy that spoils what passes."""

from collections.abc import Iterator

import pytest

from components.storage import s3_client
from tests.fault_proxy.proxy import FaultProxy
from tests.s3_server import Bucket


@pytest.fixture
def unwell_s3(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """A proxy before the server of `s3`, without faults until some are set.

    The code under test reaches the server through it, and waits for a second at most; `s3.client`
    reaches the server directly.
    """
    proxy = FaultProxy(s3.endpoint)
    proxy.start()
    monkeypatch.setattr(s3_client, "READ_TIMEOUT", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    yield proxy
    proxy.stop()
