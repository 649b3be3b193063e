"""Watches over the reading of one input: its time, its memory, and what it does beside reading."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 5
SLACK = 48 * 2**20  # bytes that any reading may take
_REFUSED = (
    *("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.putenv"),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.link"),
    *("os.symlink", "os.truncate", "os.unsetenv", "os.kill", "subprocess.Popen", "pty.spawn"),
    *("exec", "compile", "code.__new__", "function.__new__", "marshal.loads", "pickle.find_class"),
    *("shutil.rmtree", "shutil.move", "shutil.copyfile", "ctypes.dlopen", "ctypes.dlsym", "import"),
    *("socket.__new__", "socket.connect", "socket.bind", "sys.settrace", "sys.setprofile"),
)
_active = False


class Broken(BaseException):
    """A promise was broken; no handler of errors may take it for one."""


def install() -> None:
    """Hooks into the interpreter and limits its memory; can't be undone."""
    sys.addaudithook(_audited)
    signal.signal(signal.SIGALRM, _late)
    held = int(_status("VmSize")) * 1024
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (held + 2**30, hard))


@contextmanager
def over(size: int) -> Iterator[None]:
    """Lets the block read an input of `size` bytes.

    Raises:
        Broken: it took too long, too much memory, or did what a reader has no need to do.
    """
    global _active
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak begins anew
    before = _status("VmRSS")
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    _active = True
    try:
        yield
    finally:
        _active = False
        signal.setitimer(signal.ITIMER_REAL, 0)
    taken = (_status("VmHWM") - before) * 1024
    if taken > SLACK + 16 * size:
        raise Broken(f"memory: {taken / 2**20:.0f} MiB for a file of {size} bytes")


def _audited(event: str, args: tuple) -> None:
    if not _active:
        return
    if event == "open":
        flags = args[2] if isinstance(args[2], int) else 0
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
            raise Broken(f"write: {args[0]!r}")
    elif event in _REFUSED:
        raise Broken(f"ran: {event} {str(args)[:200]}")


def _late(*_: object) -> None:
    raise Broken(f"hang: more than {SECONDS} s")


def _status(key: str) -> int:
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    return 0
