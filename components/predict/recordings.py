"""Windows of recordings, made as those of the training were, piece by piece."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import numpy as np

from components.failures import Findings, InputError, noting
from components.hdf5 import Header
from components.predict.batch import SECONDS, TEXT, Batch, described
from components.recordings import BrokenRecording, Prepared, Settings, Source, open_source

log = logging.getLogger("biotune")

MENDED = "not finite"
_NAMED = 20  # recordings, in one line


class Recordings:
    """A source of the windows of recordings, one after the other; see `batch.Source`.

    All are opened once before, so that a wrong one is told before the first hour's work.

    Args:
        found: the recordings, in their order.
        settings: how windows are made of them.
        hold: refuses a recording that is not the model's kind of data.
        give_up: whether to go on without a recording, or the rest of one, that can't be read, and
            to give a window with values that are no numbers a row without numbers.

    Raises:
        Findings: what is wrong with each recording.
    """

    def __init__(
        self,
        found: Sequence[Source],
        settings: Settings,
        hold: Callable[[Header, str], None],
        *,
        give_up: bool,
    ) -> None:
        self.columns = {"recording": TEXT, "subject": TEXT, "start": SECONDS}
        self._settings, self._hold, self._give_up = settings, hold, give_up
        self._sources: list[Source] = []
        self._found, self._broken = len(found), 0
        findings: list[str] = []
        short: list[str] = []
        for source in found:
            try:
                with self._prepared(source) as prepared:
                    self._sources.append(source)
                    short += [] if len(prepared.starts()) else [source.name]
            except BrokenRecording as error:
                with noting(findings):
                    self._give_up_on(error)
            except InputError as error:
                findings += str(error).splitlines()
        if findings:
            raise Findings(findings)
        if not self._sources:
            raise InputError("--data: none of the recordings can be read")
        if short:
            log.warning("no windows in %s: shorter than %g s", _listed(short), settings.window)

    def batches(self, size: int) -> Iterator[Batch]:
        """Reads each recording once; a batch never holds windows of two.

        One that breaks off keeps what was given before: nobody could hold back all of its rows.
        """
        for source in self._sources:
            given, end = 0, 0.0
            try:
                with self._prepared(source) as prepared:
                    for batch in self._of(prepared, size):
                        given += len(batch.lost)
                        end = batch.columns["start"][-1] + self._settings.window
                        yield batch
            except BrokenRecording as error:
                self._give_up_on(error, given, end)
        if self._broken:
            log.warning("%d of %d recordings are left out or broke off", self._broken, self._found)

    @contextmanager
    def _prepared(self, source: Source) -> Iterator[Prepared]:
        with closing(open_source(source, self._settings)) as recording:
            prepared = Prepared(recording, self._settings)
            self._hold(_header(prepared), str(source.path))
            yield prepared

    def _of(self, prepared: Prepared, size: int) -> Iterator[Batch]:
        recording, rate = prepared.recording, prepared.sampling_rate
        for starts, data, finite in _together(prepared, size):
            if not (finite.all() or self._give_up):
                first = starts[~finite][0] / rate
                raise InputError(
                    f"{recording.path}: holds NaN or infinite values in the window at {first:g} s; "
                    "set --skip-broken to give such windows a row without numbers"
                )
            columns = {
                "recording": [recording.name] * len(data),
                "subject": [recording.subject] * len(data),
                "start": starts / rate,
            }
            yield Batch(data, columns, [None if f else MENDED for f in finite], ~finite)

    def _give_up_on(self, error: BrokenRecording, given: int = 0, end: float = 0.0) -> None:
        """Warns of a recording that ends here, `given` windows and `end` seconds after it began."""
        if not self._give_up:
            raise InputError(f"{error}; set --skip-broken to go on without it")
        self._broken += 1
        kept = f"broke off after {end:g} s, the {given:,} windows before are kept"
        log.warning("%s: %s", kept if given else "left out", error)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _together(prepared: Prepared, size: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Starts, windows and whether they are finite, `size` at a time, however they come."""
    waiting: list[tuple[np.ndarray, ...]] = []
    for batch in prepared.windows():
        waiting.append((batch.starts, batch.data, batch.finite))
        if sum(len(part[0]) for part in waiting) < size:
            continue
        joined = [np.concatenate(parts) for parts in zip(*waiting, strict=True)]
        whole = len(joined[0]) // size * size
        for low in range(0, whole, size):
            yield tuple(part[low : low + size] for part in joined)
        waiting = [tuple(part[whole:].copy() for part in joined)]
    if waiting and sum(len(part[0]) for part in waiting):
        yield tuple(np.concatenate(parts) for parts in zip(*waiting, strict=True))


def _header(prepared: Prepared) -> Header:
    shape = (len(prepared.channels), prepared.window)
    count = len(prepared.starts())
    return described(count, shape, prepared.channels, prepared.sampling_rate, prepared.unit)
