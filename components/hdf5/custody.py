"""The other process that `warden` asks, as seen from this one."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import components
from components.failures import Failure
from components.hdf5.frames import receive, send, send_bytes

_KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "VIRTUAL_ENV"),
    "HDF5_USE_FILE_LOCKING",
)


class Cell:
    """The other process."""

    def __init__(self) -> None:
        home = str(Path(components.__file__).parents[1])
        kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        path = os.pathsep.join([home, *(os.path.abspath(entry) for entry in sys.path if entry)])
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "components.hdf5.cell"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=kept | threads | {"PYTHONPATH": path, "HDF5_PLUGIN_PRELOAD": "::"},
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise Failure(f"the process that tries HDF5 files can't be started: {error}") from error
        self.input, self.output = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.owner = os.getpid()  # a forked process must not answer in this one's place

    def usable(self) -> bool:
        """Whether it runs, and is this process's own."""
        return self.owner == os.getpid() and self.process.poll() is None

    def stop(self) -> None:
        """Ends it and what it has started."""
        if self.owner == os.getpid():
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def answer(
        self, request: dict[str, Any], source: Any, seconds: float
    ) -> tuple[str | None, int] | None:
        """What was refused, and how the trial ended; None if it was just about to end.

        Args:
            source: whose bytes it may ask for.

        Raises:
            TimeoutError: no answer within so many seconds; those of `source` don't count.
        """
        refused = None
        try:
            send(self.input, request)
        except BrokenPipeError:
            return None
        while True:
            start = time.monotonic()
            message = receive(self.output, seconds)
            seconds = max(0, seconds - (time.monotonic() - start))
            if message is None:
                return None
            if "read" in message:
                with suppress(BrokenPipeError):  # it has crashed, and says so next
                    send_bytes(self.input, _bytes(source, *message["read"]))
            elif "refused" in message:
                refused = message["refused"]
            else:
                return refused, message["ended"]


def _bytes(source: BinaryIO, place: int, count: int) -> bytes:
    source.seek(place)
    data = bytearray()
    while len(data) < count and (piece := source.read(count - len(data))):
        data += piece
    return bytes(data).ljust(count, b"\0")
