"""Adds states to a place in the background, so that the training goes on meanwhile."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from components.failures import Failure, first_line
from components.resume.place import Place, TakenOver

log = logging.getLogger("biotune")

# Writes the files of a state into a folder, and gives each its name.
Making = Callable[[Path], Mapping[str, Path]]


class Writer:
    """Writes one state at a time.

    A place that is out of reach does not end the training: the next state may go through.

    Attributes:
        took: seconds that it took to write the last one; None before the first.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.took: float | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Whether a state is being written."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, make: Making, position: Mapping[str, Any]) -> None:
        """Begins to write a state, after the one before it.

        Raises:
            Failure: another run has claimed the place.
        """
        self.wait()
        self._thread = threading.Thread(target=self._write, args=(make, position), name="state")
        self._thread.start()

    def wait(self) -> None:
        """Waits until what was begun is written.

        Raises:
            Failure: another run has claimed the place.
        """
        if self._thread is not None:
            self._thread.join()
        self.check()

    def check(self) -> None:
        """Raises what the background could not get over."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _write(self, make: Making, position: Mapping[str, Any]) -> None:
        begun = time.monotonic()
        try:
            with TemporaryDirectory(prefix="biotune-state-") as scratch:
                self.place.add(make(Path(scratch)), position)
            self.took = time.monotonic() - begun
        except TakenOver as failure:
            self._failure = failure
        except (Failure, OSError) as error:
            log.warning("no state could be kept, the training goes on: %s", first_line(error))
        except BaseException as error:  # a fault of ours: told in the thread that can end
            self._failure = error
