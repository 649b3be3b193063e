"""S3 servers that do not keep conditions, and answers that are lost on their way."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from components import storage
from components.failures import InputError

NOT_IMPLEMENTED = b"<Error><Code>NotImplemented</Code><Message>a header</Message></Error>"
UNMET = b"<Error><Code>PreconditionFailed</Code><Message>not so</Message></Error>"
BUSY = b"<Error><Code>ConditionalRequestConflict</Code><Message>under way</Message></Error>"
URI = "s3://bucket/champion.json"


@pytest.fixture
def server(aws_environment, monkeypatch):
    """Starts a server with one object; `put` gives the answer to a PUT of some bytes."""
    started = []

    def start(put, content=None):
        class Handler(BaseHTTPRequestHandler):
            held = content

            def do_PUT(self):
                data = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(*put(type(self), data))

            def do_GET(self):
                held = type(self).held
                self.answer(*((200, held) if held is not None else (404, b"<Error/>")))

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                tag = hashlib.md5(type(self).held or b"", usedforsecurity=False).hexdigest()
                self.send_header("ETag", f'"{tag}"')
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Says nothing."""

        running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        started.append(running)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{running.server_port}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")

    yield start
    for running in started:
        running.shutdown()
        running.server_close()


def ignoring(state, data):
    state.held = data
    return 200, b""


def test_a_server_that_ignores_conditions_is_found_out(server):
    server(ignoring)
    with pytest.raises(InputError, match="does not honour conditional writes"):
        storage.require_conditions(URI)


def test_a_server_that_refuses_conditions_says_so(server):
    server(lambda *_: (501, NOT_IMPLEMENTED))
    with pytest.raises(InputError, match="does not honour conditional writes"):
        storage.put_if(b"one", URI, fingerprint=None)


@pytest.mark.parametrize("answer", [(412, UNMET), (409, BUSY)])
def test_a_refused_write_is_a_conflict(server, answer):
    server(lambda *_: answer, content=b"another's")
    with pytest.raises(storage.Conflict):
        storage.put_if(b"ours", URI, fingerprint="0" * 32)


def test_a_write_whose_answer_was_lost_counts_as_ours(server):
    tries = []

    def put(state, data):
        tries.append(data)
        if len(tries) == 1:
            state.held = data
            return 503, b""
        return 412, UNMET

    server(put)
    fingerprint = storage.put_if(b"ours", URI, fingerprint=None)
    assert storage.read(URI) == (b"ours", fingerprint) and len(tries) == 2
