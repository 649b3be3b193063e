"""A proxy in front of an S3 server that spoils some of what passes.

The `Host` header is passed on as it came: the client signs for the proxy's address, and the server
checks the signature against that header.
"""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.fault_proxy import faults as kinds
from tests.fault_proxy.faults import Faults

_PIECE = 256 * 2**10
_HOP = {"connection", "keep-alive", "expect", "transfer-encoding"}
_RESET = struct.pack("ii", 1, 0)  # closing such a socket sends RST


class FaultProxy(ThreadingHTTPServer):
    """Serves on a port of its own until it is closed.

    Args:
        upstream: URL of the server behind.
        faults: what goes wrong; may be replaced at any time.

    Attributes:
        before: called with method, path and headers before each request is passed on.
        sent: bytes of all bodies that were given back.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str, faults: Faults | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(upstream).netloc
        self.faults = faults or Faults()
        self.before: Callable[[str, str, Any], None] = lambda *_: None
        self.closing = threading.Event()
        self.sent = 0
        self.counting = threading.Lock()

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Serves in a thread."""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Ends the serving, and the stalls with it."""
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: Any) -> None:
        """Says nothing of clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def setup(self) -> None:
        super().setup()
        self.upstream = http.client.HTTPConnection(self.server.behind, timeout=60)

    def finish(self) -> None:
        self.upstream.close()
        with suppress(OSError, ValueError):
            super().finish()

    def _pass(self) -> None:
        server = self.server
        server.before(self.command, self.path, self.headers)
        fault, where = server.faults.draw(self.command)
        if fault in kinds.ANSWERS:
            self._received()
            return self._refuse(*kinds.ANSWERS[fault])
        if fault == kinds.RESET_BEFORE:
            return self._reset()
        if fault == kinds.STALL_BEFORE:
            return self._stall()
        self._send_on(_flipped(self._received(), where) if fault == kinds.SENT_FLIPPED else None)
        answer = self.upstream.getresponse()
        if fault == kinds.LOST:
            answer.read()
            return self._refuse(*kinds.ANSWERS["500"])
        return self._give_back(answer, fault, where)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass

    def _received(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send_on(self, body: bytes | None) -> None:
        sent = self.upstream
        sent.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP:
                sent.putheader(name, value)
        sent.endheaders()
        left = int(self.headers.get("Content-Length") or 0) if body is None else 0
        if body:
            sent.send(body)
        while left:
            piece = self.rfile.read1(min(left, _PIECE))
            if not piece:
                raise ConnectionError("the client went away")
            sent.send(piece)
            left -= len(piece)

    def _give_back(self, answer: http.client.HTTPResponse, fault: str, where: float) -> None:
        size = answer.length
        whole = answer.read() if size is None else None
        size = len(whole) if whole is not None else size
        if self.command == "HEAD":
            size = int(answer.headers.get("Content-Length") or 0)
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        if self.command == "HEAD":
            answer.read()
            return
        place = int(where * size) if size else -1
        sent = 0
        for piece in (whole,) if whole is not None else _pieces(answer):
            here = place - sent
            if fault and 0 <= here < len(piece):
                if fault != kinds.FLIPPED:
                    self.wfile.write(piece[:here])
                    return self._break(fault)
                piece = _flipped(piece, here / len(piece))
            self.wfile.write(piece)
            sent += len(piece)
            with self.server.counting:
                self.server.sent += len(piece)

    def _break(self, fault: str) -> None:
        self.upstream.close()
        if fault == kinds.RESET_MID:
            self._reset()
        elif fault == kinds.STALL_MID:
            self._stall()
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close_connection = True
        with suppress(OSError):
            self.rfile.close()
            self.connection.close()

    def _stall(self) -> None:
        self.server.closing.wait(self.server.faults.stall)
        self.close_connection = True

    def _refuse(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>{code} here</Message></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while piece := answer.read(_PIECE):
        yield piece


def _flipped(content: bytes, where: float) -> bytes:
    spoilt = bytearray(content)
    if spoilt:
        spoilt[int(where * len(spoilt))] ^= 0x10
    return bytes(spoilt)
