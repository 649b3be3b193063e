"""How a command speaks: plain log lines and one line for each error on stderr, and an exit code."""

import errno
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import NoReturn

from components.failures import Failure
from components.logbook import Logbook, Redacting
from components.redaction import redacted

ERROR = "error: "
INTERRUPTED = 130


def log_plainly(*, quiet: bool = False) -> None:
    """Sends the lines of the logger `biotune`, and others' warnings, to stderr as they are.

    KFP's executor has set up the root logger by the time a step starts; this takes its place. The
    last lines are kept for `recording.recorded`. Python's warnings are logged too, so that they are
    among those; what a library prints by itself is not. No line shows a credential, nor does the
    traceback of a crash.

    Args:
        quiet: warnings alone, for a process that works beside one that speaks.
    """
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(Redacting("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[stream, Logbook()], force=True)
    logging.captureWarnings(True)
    logging.getLogger("biotune").setLevel(logging.WARNING if quiet else logging.INFO)
    sys.excepthook = _tell_crash


@contextmanager
def told() -> Iterator[None]:
    """Tells a failure in a line for each of its findings, and ends with its exit code.

    Anything that is no `Failure` passes, and keeps its traceback: it is a fault of ours.

    Raises:
        SystemExit: with the failure's exit code, 130 after Ctrl-C, 143 after SIGTERM.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    except Failure as failure:
        for line in str(failure).splitlines():
            print(f"{ERROR}{redacted(line)}", file=sys.stderr)
        raise SystemExit(failure.exit_code) from None
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        place = f"{redacted(str(error.filename))}: " if error.filename else ""
        print(f"{ERROR}{place}the disk is full; free some space", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print(f"{ERROR}interrupted", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _leave(number: int, _: object) -> NoReturn:
    """Ends by an exception, so that nothing half-written is left, where a signal would just end."""
    raise SystemExit(128 + number)


def _tell_crash(
    kind: type[BaseException], error: BaseException, frames: TracebackType | None
) -> None:
    print(
        redacted("".join(traceback.format_exception(kind, error, frames))), end="", file=sys.stderr
    )
