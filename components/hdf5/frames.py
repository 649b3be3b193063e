"""How `warden` and `cell` talk: lines of JSON, and bytes in between."""

import json
import os
import select
import time
from typing import Any

_LONGEST = 1 << 16  # bytes of a line


def send(descriptor: int, message: dict[str, Any]) -> None:
    """Writes a message."""
    send_bytes(descriptor, json.dumps(message).encode() + b"\n")


def send_bytes(descriptor: int, data: bytes) -> None:
    """Writes all of the bytes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def receive(descriptor: int, seconds: float | None = None) -> dict[str, Any] | None:
    """The next message; None at the end of all.

    Raises:
        TimeoutError: it does not come in time.
    """
    line, end = bytearray(), None if seconds is None else time.monotonic() + seconds
    while len(line) < _LONGEST:
        left = None if end is None else max(0, end - time.monotonic())
        if not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError
        byte = os.read(descriptor, 1)
        if not byte:
            return None
        if byte == b"\n":
            return json.loads(line)
        line += byte
    raise TimeoutError


def receive_bytes(descriptor: int, count: int) -> bytes:
    """So many bytes.

    Raises:
        EOFError: the other process is gone.
    """
    data = bytearray()
    while len(data) < count:
        piece = os.read(descriptor, min(count - len(data), 1 << 20))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)
