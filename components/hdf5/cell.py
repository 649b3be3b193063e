"""The process in which files are tried: `python -m components.hdf5.cell`, by `warden` alone.

It reads requests, a line of JSON each, and answers each in a process of its own with limits, so
that a crash is told as an exit status. It ends when nothing has been asked for a while.
"""

import os
import resource
import sys
from typing import Any

from components.failures import InputError
from components.hdf5 import walking
from components.hdf5.frames import receive, receive_bytes, send

IDLE = 5  # seconds until it ends
_MEMORY = 3 << 29  # bytes beyond what the process holds at its start
_CPU = 8  # seconds, and one more for each
_PER_SECOND = 50 << 20  # bytes of the file


def main() -> None:
    """Answers until there is nothing more to answer."""
    output = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    while (request := _next()) is not None:
        child = os.fork()
        if not child:
            try:
                _limit(request["size"])
                send(output, {"refused": _tried(request, output)})
                os._exit(0)
            finally:  # nothing of this process's work is left to the copy
                os._exit(1)
        _, status = os.waitpid(child, 0)
        send(output, {"ended": os.waitstatus_to_exitcode(status)})


def _next() -> dict[str, Any] | None:
    try:
        return receive(0, IDLE)
    except TimeoutError:
        return None


class Asking:
    """A file whose bytes are asked from the other process."""

    def __init__(self, size: int, output: int) -> None:
        self._size, self._output, self._position = size, output, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Moves, as in any file."""
        self._position = (0, self._position, self._size)[whence] + offset
        return self._position

    def tell(self) -> int:
        """Position in bytes."""
        return self._position

    def readinto(self, target: memoryview) -> int:
        """Fills `target` up to the end of the file."""
        count = max(0, min(len(target), self._size - self._position))
        if count:
            send(self._output, {"read": [self._position, count]})
            target[:count] = receive_bytes(0, count)
            self._position += count
        return count

    def read(self, count: int = -1) -> bytes:
        """Reads as in any file."""
        left = max(0, self._size - self._position)
        data = bytearray(left if count < 0 else min(count, left))
        self.readinto(memoryview(data))
        return bytes(data)


def _tried(request: dict[str, Any], output: int) -> str:
    """What is wrong with the file; "" if nothing is."""
    path, name, size = request["path"], request["name"], request["size"]
    try:
        walking.walk(path or Asking(size, output), name, whole=path is not None)
    except InputError as error:
        return str(error)
    except MemoryError:
        return f"{name}: damaged, or far too large for what it is"
    return ""


def _limit(size: int) -> None:
    held = 0
    with open("/proc/self/statm") as file:
        held = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    limits = {
        "RLIMIT_AS": held + _MEMORY + 2 * min(size, 8 << 30),
        "RLIMIT_CPU": _CPU + size // _PER_SECOND,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
    }
    for name, value in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, hard if name == "RLIMIT_CPU" else value))


if __name__ == "__main__":
    sys.exit(main())
