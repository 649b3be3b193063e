"""What the stand-ins for API servers have in common: they listen, stop, and come back."""

import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar


@dataclass(kw_only=True)
class Listening:
    """Listens on a port of this machine, the same after a restart.

    Attributes:
        handler: answers the requests; gets the server as `owner`.
        tls: files of certificate and key.
    """

    handler: ClassVar[type["Handling"]]

    tls: tuple[Path, Path] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    connections: set[socket.socket] = field(default_factory=set)
    _port: int = 0
    _http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it listens; the same after a restart."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listens; all that there was is there still."""
        handler = type("BoundHandler", (self.handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._port = self._http.server_address[1]
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Closes the port and every connection."""
        if self._http is None:
            return
        self._http.shutdown()
        self._http.server_close()
        self._http = None
        with self.lock:
            for connection in list(self.connections):
                cut(connection)


class Handling(BaseHTTPRequestHandler):
    """One connection; `_serve` answers its requests."""

    owner: Any
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each body waits 40 ms for the headers to be acknowledged
    timeout = 60

    def setup(self) -> None:
        super().setup()
        with self.owner.lock:
            self.owner.connections.add(self.connection)

    def finish(self) -> None:
        with self.owner.lock:
            self.owner.connections.discard(self.connection)
        with suppress(OSError, ValueError):  # cut by a stop
            super().finish()

    def handle(self) -> None:
        with suppress(OSError):  # the client has gone, or does not trust the certificate
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Prints nothing: the log of requests is the server's `requests`."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()


def cut(connection: socket.socket) -> None:
    """Ends a connection at once."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
