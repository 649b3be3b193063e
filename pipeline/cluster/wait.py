"""Waits for a run: kfp's own way knows neither CANCELED nor a server that is away for a while."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from components.failures import Failure, ServiceError
from pipeline.cluster.client import calling
from pipeline.cluster.progress import Progress, read

if TYPE_CHECKING:
    import kfp

INTERVAL = 5.0  # seconds between two looks
PATIENCE = 600.0  # seconds that the server may be away
_FIRST, _LONGEST = 1.0, 30.0  # seconds between two tries while it is away


class TimedOut(Failure):
    """The run has not ended in time."""


def wait(
    client: "kfp.Client",
    run_id: str,
    show: Callable[[Progress], None],
    away: Callable[[ServiceError], None],
    timeout: float | None = None,
) -> Progress:
    """Follows a run to its end.

    Args:
        client: a connected client.
        run_id: the run.
        show: is given the progress after each look.
        away: is told once when the server is away; it is tried again with growing pauses.
        timeout: seconds to wait; None for ever.

    Raises:
        TimedOut: the time is up.
        ServiceError: the server was away for longer than `PATIENCE`.
        InputError: the server refuses to tell; the run was deleted, or the token has expired.
    """
    start = seen = time.monotonic()
    pause = 0.0
    while True:
        try:
            with calling():
                progress = read(client.get_run(run_id))
        except ServiceError as error:
            if time.monotonic() - seen > PATIENCE:
                raise ServiceError(f"{error} (away for {PATIENCE:.0f} s)") from None
            if not pause:
                away(error)
            pause = min(_LONGEST, pause * 2 or min(_FIRST, INTERVAL))
        else:
            seen, pause = time.monotonic(), 0.0
            show(progress)
            if progress.ended:
                return progress
        left = None if timeout is None else timeout - (time.monotonic() - start)
        if left is not None and left <= 0:
            raise TimedOut("has not ended in time")
        next_look = pause or INTERVAL
        time.sleep(next_look if left is None else min(next_look, left))
