"""Lets a file be opened in another process first, as libhdf5 crashes and hangs on damage.

That process (`cell`) has limits on memory and time, no credentials, and can write no file. It reads
what a step would read. Bytes of a file that is no local one are handed to it on demand, so that it
needs to reach nothing. What was found sound is remembered for this process and those it forks.
"""

import os
import signal
import stat
import threading
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from components.failures import Failure, InputError
from components.hdf5.custody import Cell
from components.hdf5.soundness import trusted

Signature = tuple[int, int, int, int]

_SECONDS = 60  # without a word from the cell, and one more for each
_PER_SECOND = 20 << 20  # bytes of the file
_HANGS = "damaged: libhdf5 hangs on it; download or copy it again"
_sound: set[Signature] = set()
_streams: "weakref.WeakSet[Any]" = weakref.WeakSet()
_lock = threading.Lock()
_cell: Cell | None = None


def vet(source: Path | BinaryIO, name: str) -> None:
    """Returns if the file can be read by this process without harm.

    Raises:
        InputError: it is damaged, hostile, or in neither layout; libhdf5 crashes on it or hangs.
        Failure: the other process can't be started.
        ServiceError: the storage of the file is out of reach.
    """
    if trusted():
        return
    path = _path(source)
    signature = signed(path) if path else None
    if signature in _sound or (path is None and source in _streams):
        return
    if path and not signature:
        if os.path.exists(path):
            raise InputError(f"{name}: is no file; name one that holds a split")
        return  # it is not there, which opening it tells best
    with _lock:
        if signature in _sound:  # by another thread, meanwhile
            return
        _ask(path, source, name, signature[2] if signature else _length(source))
        if signature:
            _sound.add(signature)
        else:
            _streams.add(source)


def vet_ahead(paths: Iterable[Path]) -> None:
    """Begins to try files in a thread, for who has torch to import before opening them.

    Who then opens one waits for the verdict; what is refused is tried again there, and told.
    """

    def tried() -> None:
        for path in paths:
            with suppress(Failure):
                vet(path, str(path))

    threading.Thread(target=tried, name="hdf5", daemon=True).start()


def signed(path: Path | str) -> Signature | None:
    """What tells a file from what it becomes when it is replaced; None if it is no file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError, TypeError):
        return None
    if not stat.S_ISREG(found.st_mode):  # reading a pipe may never end
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def remember(signature: Signature | None) -> None:
    """Takes over what another process of this run has found sound."""
    if signature:
        _sound.add(signature)


def _ask(path: str | None, source: Any, name: str, size: int) -> None:
    global _cell
    for _ in range(2):
        if _cell is None or not _cell.usable():
            _cell = Cell()
        request = {"path": path, "name": name, "size": size}
        try:
            answer = _cell.answer(request, source, _SECONDS + size / _PER_SECOND)
        except TimeoutError:
            _cell.stop()
            raise InputError(f"{name}: {_HANGS}") from None
        except BaseException:
            _cell.stop()
            raise
        if answer is None:
            continue
        refused, ended = answer
        if ended and not path:  # bytes that it has asked for may still be on their way
            _cell.stop()
        return _judge(name, refused, ended)
    raise Failure(f"{name}: the process that tries HDF5 files ends without an answer")


def _judge(name: str, refused: str | None, ended: int) -> None:
    if refused:
        raise InputError(refused)
    if -ended in (signal.SIGXCPU, signal.SIGKILL):
        raise InputError(f"{name}: {_HANGS}")
    if ended or refused is None:
        how = signal.Signals(-ended).name if ended < 0 else f"exit code {ended}"
        raise InputError(
            f"{name}: damaged: libhdf5 crashes on it ({how}); download or copy it again"
        )


def _path(source: Path | BinaryIO) -> str | None:
    """Where a local file lies; None of a stream that is none."""
    if isinstance(source, (str, os.PathLike)):
        return os.path.abspath(source)
    name = getattr(source, "name", None)
    try:
        mine, there = os.fstat(source.fileno()), os.stat(name)
    except (OSError, TypeError, ValueError, AttributeError):
        return None
    same = (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
    return os.path.abspath(name) if same and isinstance(name, str) else None


def _length(source: BinaryIO) -> int:
    size = source.seek(0, 2)
    source.seek(0)
    return size
