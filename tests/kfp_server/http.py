"""One request: held against the description, answered, and the answer held against it, too."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.kfp_server import contract, operations
from tests.kfp_server.state import Refused
from tests.listening import Handling, cut

if TYPE_CHECKING:
    from tests.kfp_server.server import Fault, KfpServer

PAGE = "<!doctype html><html><title>Sign in</title></html>"


class Handler(Handling):
    """Answers for a `KfpServer`."""

    owner: "KfpServer"

    def _serve(self) -> None:
        from tests.kfp_server.server import Request

        url = urlsplit(self.path)
        path, query = unquote(url.path), dict(parse_qsl(url.query, keep_blank_values=True))
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(text) if text else None
        operation = contract.operation(self.command, path)
        name = operation.name if operation else ""
        headers = {key.lower(): value for key, value in self.headers.items()}
        with self.owner.lock:
            self.owner.requests.append(Request(self.command, path, name, query, headers, body))
            fault = self.owner.fault(name)
        if fault and fault.how in ("drop", "hang"):
            self._break(fault)
        elif fault and fault.how == "html":
            self._send(fault.status, PAGE, "text/html; charset=utf-8")
        elif operation is None:
            self.owner.violations.append(f"{self.command} {path}: not in the API")
            self._send(404, "404 page not found", "text/plain")
        else:
            self._answer(operation, query, body, fault)

    def _answer(
        self,
        operation: contract.Operation,
        query: dict[str, str],
        body: Any,
        fault: "Fault | None",
    ) -> None:
        kfp = self.owner
        with kfp.lock:
            wrong = contract.query_errors(operation, query)
            wrong += contract.body_errors(operation, body)
            try:
                if fault:
                    raise Refused(fault.status, fault.message)
                if kfp.state.token and self._token() != kfp.state.token:
                    raise Refused(401, "Request header error: there is no user identity header.")
                if wrong:
                    raise Refused(400, f"proto: syntax error: {wrong[0]}")
                status, answer = 200, operations.answer(operation, kfp.state, query, body)
            except Refused as refused:
                status, answer = refused.status, refused.body
            wrong += contract.answer_errors(operation, status, answer)
            kfp.violations += [f"{operation.name}: {line}" for line in wrong]
            text = json.dumps(answer)
        self._send(status, text, "application/json")

    def _token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _break(self, fault: "Fault") -> None:
        if fault.how == "hang":
            self.owner.stopped.wait(60)
        self.close_connection = True
        cut(self.connection)

    def _send(self, status: int, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if 300 <= status < 400:
            self.send_header("Location", f"{self.owner.url}/login")
        self.end_headers()
        self.wfile.write(content)
