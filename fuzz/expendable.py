"""Work that may crash or hang, done by a process that is replaced when it does."""

import os
import resource
import select
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence

SECONDS = 60  # of waiting, after which a process sleeps for ever
MEMORY = 2 << 30  # bytes beyond what it holds at its start


class Expendable:
    """Does `work(number, tell)` for each number, in a forked process.

    Args:
        work: gives the outcome; it may name its phase by `tell(phase)`.
        seconds: of computing in each phase, before the process is killed.
    """

    def __init__(
        self, work: Callable, numbers: Sequence[int], seconds: Mapping[str, float]
    ) -> None:
        self._work, self._numbers, self._seconds = work, numbers, seconds

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        """Number, phase and outcome: "done", or the phase in which the process ended, and how."""
        place = 0
        while place < len(self._numbers):
            reading, writing = os.pipe()
            child = os.fork()
            if not child:
                os.close(reading)
                self._labour(self._numbers[place:], writing)
            os.close(writing)
            phase = "start"
            for phase, outcome in _lines(reading):
                if phase == "done":
                    yield self._numbers[place], phase, outcome
                    place, phase = place + 1, "start"
            os.close(reading)
            os.kill(child, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if place < len(self._numbers):
                late = status in (-signal.SIGKILL, -signal.SIGPROF)
                how = "hang" if late else signal.Signals(-status).name if status < 0 else "exit"
                yield self._numbers[place], phase, how
                place += 1

    def _labour(self, numbers: Sequence[int], writing: int) -> None:
        with open(os.devnull, "w") as null:
            os.dup2(null.fileno(), 2)
        with open("/proc/self/statm") as file:
            held = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            for number in numbers:
                outcome = self._work(number, lambda phase: self._enter(phase, writing))
                signal.setitimer(signal.ITIMER_PROF, 0)
                _write(writing, "done", outcome)
            os._exit(0)
        finally:
            os._exit(1)

    def _enter(self, phase: str, writing: int) -> None:
        _write(writing, phase, "")
        signal.setitimer(signal.ITIMER_PROF, self._seconds[phase])  # its signal kills


def peak() -> int:
    """The most bytes that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _write(descriptor: int, phase: str, outcome: str) -> None:
    os.write(descriptor, f"{phase}\t{ascii(outcome)[1:-1]}\n".encode())


def _lines(descriptor: int) -> Iterator[tuple[str, str]]:
    """What is written, until the other end is closed or nothing comes for too long."""
    held = b""
    while select.select([descriptor], [], [], SECONDS)[0]:
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            return
        *lines, held = (held + piece).split(b"\n")
        for line in lines:
            phase, _, outcome = line.decode().partition("\t")
            yield phase, outcome
