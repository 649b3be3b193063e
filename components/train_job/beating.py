"""The nodes end by themselves when their launcher is gone; as long as it is there, it says so."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from components.failures import first_line
from components.handover import Handover

log = logging.getLogger("biotune")


@contextmanager
def beating(place: Handover, every: float) -> Iterator[None]:
    """Says so at once, and then every so many seconds while the block lasts.

    Raises:
        Failure: the place can't be written to begin with; later that is warned of.
    """
    place.beat()
    over = threading.Event()
    beats = threading.Thread(target=_beat, args=(place, every, over), daemon=True, name="beating")
    beats.start()
    try:
        yield
    finally:
        over.set()
        beats.join(timeout=1.0)  # one that hangs must not keep us


def _beat(place: Handover, every: float, over: threading.Event) -> None:
    while not over.wait(every):
        try:
            place.beat()
        except Exception as error:  # whatever it is: a thread that ended would end the nodes
            log.warning("the nodes can't be told that we are here: %s", first_line(error))
