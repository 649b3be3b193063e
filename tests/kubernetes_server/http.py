"""One request: let in, held against what the API takes, answered, and perhaps made to fail."""

import json
import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from tests.kubernetes_server import operations
from tests.kubernetes_server.state import Refused
from tests.listening import Handling

if TYPE_CHECKING:
    from tests.kubernetes_server.server import Fault, KubernetesServer


class Handler(Handling):
    """Answers for a `KubernetesServer`."""

    owner: "KubernetesServer"

    def do_PATCH(self) -> None:
        self._serve()

    def _serve(self) -> None:
        url = urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        route = operations.route(self.command, url.path)
        if route is None:
            self.owner.violations.append(f"{self.command} {url.path}: not in the API")
            self._send(404, b"404 page not found", "text/plain")
            return
        verb, resource, allowed, name = route
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        if unknown := set(query) - allowed:
            self.owner.violations.append(f"{verb} {resource}: unknown parameters {unknown}")
        asked = (verb, resource, name)
        self.owner.trip(asked, "before")
        instead, fault = self.owner.trip(asked, "instead"), self.owner.fault(asked)
        if instead or (fault and fault.how == "drop"):
            self._cut()
            return
        status, content, kind = self._answer(asked, query, text, fault)
        self.owner.trip(asked, "after")
        if fault and fault.how == "lose":  # it was done, and nobody is told
            self._cut()
            return
        self._send(status, content, kind, fault.headers if fault else {})

    def _answer(
        self, asked: tuple[str, str, str], query: dict[str, str], text: bytes, fault: "Fault | None"
    ) -> tuple[int, bytes, str]:
        verb, resource, name = asked
        server = self.owner
        try:
            if fault and fault.how == "answer":
                raise Refused(fault.status, "MadeToFail", fault.message)
            if fault and fault.how == "plain":
                return fault.status, fault.message.encode(), "text/plain"
            said = self.headers.get("Authorization", "").split(" ", 1)[-1]
            if said != server.token:
                raise Refused(401, "Unauthorized", "Unauthorized")
            if f"{verb} {resource}" not in server.rights:
                who = f"system:serviceaccount:{operations.NAMESPACE}:runner"
                message = f'{resource} "{name}" is forbidden: User "{who}" cannot {verb} {resource}'
                raise Refused(403, "Forbidden", message)
            body = json.loads(text) if text else None
            with server.state.lock:
                found = operations.answer(server.state, verb, resource, name, query, body)
                content = found if isinstance(found, str) else json.dumps(found)
            server.requests.append(asked)
            kind = "text/plain" if isinstance(found, str) else "application/json"
            return 200, content.encode(errors="surrogateescape"), kind
        except Refused as refused:
            server.requests.append(asked)
            return refused.body["code"], json.dumps(refused.body).encode(), "application/json"

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send(
        self, status: int, content: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
