"""Ends a node's training when nobody waits for it any more: its launcher has fallen silent."""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from components.failures import Failure, first_line
from components.handover import Handover

log = logging.getLogger("biotune")

VARIABLE = "BIOTUNE_SILENCE"  # seconds
DEFAULT = 900.0
_PACE = 30.0


class Deserted(Failure):
    """Nobody follows the training any more."""

    exit_code = 3  # the chart's runtime knows that to start again is of no use


@contextmanager
def minded(place: Handover, seconds: float, pace: float = _PACE) -> Iterator[None]:
    """Stops the block as SIGTERM does, once the launcher has said nothing for so long.

    Time is taken by this machine's own clock. A place that can't be read is silent, too.

    Args:
        seconds: of silence.
        pace: seconds between two looks.

    Raises:
        Deserted: that happened, and the training has kept its state; or it happened before these
            nodes were started again, and nothing was heard since.
    """
    if place.deserted():
        raise Deserted("nothing was heard of the launcher since the nodes gave up on it")
    over, deserted = threading.Event(), threading.Event()

    def mind() -> None:
        last, since = None, time.monotonic()
        while not over.wait(min(pace, seconds / 4)):
            heard = _heard(place)
            if heard is not None and heard != last:
                last, since = heard, time.monotonic()
            if time.monotonic() - since >= seconds:
                deserted.set()
                log.warning("nothing was heard of the launcher for %.0f s: stopping", seconds)
                try:
                    _give_up(place)
                finally:
                    os.kill(os.getpid(), signal.SIGTERM)
                return

    watch = threading.Thread(target=mind, name="silence", daemon=True)
    watch.start()
    try:
        yield
    except SystemExit:
        if deserted.is_set():
            raise Deserted(
                f"nothing was heard of the launcher for {seconds:.0f} s: it is gone, so the "
                "training was stopped and its state kept; run again to go on"
            ) from None
        raise
    finally:
        over.set()


def _give_up(place: Handover) -> None:
    try:
        place.desert()
    except Exception as error:  # started again, the nodes wait once more
        log.warning("giving up on the launcher can't be noted: %s", first_line(error))


def _heard(place: Handover) -> str | None:
    try:
        return place.heard()
    except Exception as error:  # a full disk as well: whatever it is, the watch goes on
        log.warning("the launcher can't be heard: %s", first_line(error))
        return None
