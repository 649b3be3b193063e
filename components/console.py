"""How a command speaks: plain log lines and one line for each error on stderr, and an exit code."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from components.failures import Failure

ERROR = "error: "
INTERRUPTED = 130


def log_plainly(*, quiet: bool = False) -> None:
    """Sends the lines of the logger `biotune`, and others' warnings, to stderr as they are.

    KFP's executor has set up the root logger by the time a step starts; this takes its place.

    Args:
        quiet: warnings alone, for a process that works beside one that speaks.
    """
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr, force=True)
    logging.getLogger("biotune").setLevel(logging.WARNING if quiet else logging.INFO)


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
            print(f"{ERROR}{line}", file=sys.stderr)
        raise SystemExit(failure.exit_code) from None
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except KeyboardInterrupt:
        print(f"{ERROR}interrupted", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _leave(number: int, _: object) -> NoReturn:
    """Ends by an exception, so that nothing half-written is left, where a signal would just end."""
    raise SystemExit(128 + number)
