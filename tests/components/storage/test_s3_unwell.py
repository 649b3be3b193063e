"""An S3 server that is not well: it breaks off, is busy, or is no S3 server at all."""

import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from components import storage
from components.failures import ServiceError

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def serve(aws_environment, monkeypatch):
    """Starts a server that gives a whole HEAD, and a GET as the test wants it."""
    started: list[ThreadingHTTPServer] = []

    def start(get: Callable[[BaseHTTPRequestHandler], None], head_status: int = 200) -> list[str]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.send_response(head_status)
                self.send_header("Content-Length", str(len(CONTENT)))
                self.send_header("ETag", '"tag"')
                self.end_headers()

            def do_GET(self):
                asked.append(self.headers.get("Range", ""))
                get(self)

            def log_message(self, *_):
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        started.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
        return asked

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def send(handler, status: int, body: bytes, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.send_header(
        "Content-Range", f"bytes {start(handler)}-{len(CONTENT) - 1}/{len(CONTENT)}"
    )
    handler.send_header("ETag", '"tag"')
    handler.end_headers()
    handler.wfile.write(body)


def start(handler) -> int:
    return int(handler.headers["Range"].removeprefix("bytes=").partition("-")[0])


def breaks_off(handler) -> None:
    begin = start(handler)
    send(handler, 206, CONTENT[begin : begin + 1000], length=len(CONTENT) - begin)
    handler.close_connection = True


def busy(handler) -> None:
    send(handler, 503, b"<Error><Code>SlowDown</Code><Message>slow</Message></Error>")


def is_a_web_page(handler) -> None:
    send(handler, 200, b"<html><br>hello")


@pytest.mark.parametrize("get", [breaks_off, busy])
def test_after_bounded_attempts_a_read_fails_as_a_service(serve, get):
    asked = serve(get)
    with storage.open_binary("s3://bucket/key") as file, pytest.raises(ServiceError):
        file.read()
    assert len(asked) == 3


def test_a_read_that_breaks_off_goes_on_from_there(serve):
    def once(handler):
        breaks_off(handler) if len(asked) == 1 else send(handler, 206, CONTENT[start(handler) :])

    asked = serve(once)
    with storage.open_binary("s3://bucket/key") as file:
        assert file.read() == CONTENT
    last = len(CONTENT) - 1
    assert asked == [f"bytes=0-{last}", f"bytes=1000-{last}"]


def test_another_range_than_the_one_asked_for_is_not_taken(serve):
    def shifted(handler):
        handler.headers.replace_header("Range", "bytes=1-")
        send(handler, 206, CONTENT)

    serve(shifted)
    with (
        storage.open_binary("s3://bucket/key") as file,
        pytest.raises(ServiceError, match="does not answer ranges"),
    ):
        file.read(10)


def test_a_download_that_breaks_off_leaves_nothing(serve, tmp_path):
    serve(breaks_off)
    with pytest.raises(ServiceError, match="s3://bucket/key"):
        storage.fetch("s3://bucket/key", tmp_path / "into")
    assert os.listdir(tmp_path / "into") == []


def test_a_server_without_ranges_does_not_send_it_all_again_and_again(serve):
    serve(lambda handler: send(handler, 200, CONTENT * 2))
    with (
        storage.open_binary("s3://bucket/key") as file,
        pytest.raises(ServiceError, match="does not answer ranges"),
    ):
        file.read(10)


def test_what_is_no_s3_server_is_told(serve):
    serve(is_a_web_page)
    with pytest.raises(ServiceError, match="check AWS_ENDPOINT_URL"):
        storage.listing("s3://bucket/prefix")


def test_a_server_in_trouble_is_a_service_failure(serve):
    serve(busy, head_status=500)
    with pytest.raises(ServiceError, match="try again"):
        storage.stat("s3://bucket/key")
