"""NumPy archives: `data` (C, T) and what is known of it, by name."""

import errno
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from components.failures import first_line
from components.recordings.npz_array import Array
from components.recordings.recording import Annotation, BrokenRecording, Channel, Recording
from components.recordings.units import known

_MOST = 2**26  # bytes of any array but the data
_DAMAGED = (
    OSError, ValueError, TypeError, EOFError, SyntaxError, RuntimeError, KeyError, OverflowError,
    zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError,
)  # fmt: skip


class Npz(Recording):
    """An archive with `data` (C, T), and of these what is known.

    `sampling_rate` (Hz), `channels` (C,), `unit` (one, or (C,)), `subject`, and of annotations
    `onset` and `duration` (n,) in seconds and `label` (n,).

    Args:
        sampling_rate: in Hz, where the archive tells none.
    """

    def __init__(self, path: Path, name: str, sampling_rate: float | None = None) -> None:
        with _told(path):
            self._array = Array(path, "data.npy")
            said = _rest(path)
            rate = float(said.get("sampling_rate", sampling_rate or 0))
            if not (np.isfinite(rate) and rate > 0):
                raise ValueError("it tells no sampling_rate; say it by --sampling-rate")
            count, samples = self._array.shape
            names = _texts(said.get("channels", [f"ch{n + 1}" for n in range(count)]))
            units = _texts(said.get("unit", ""))
            units = units * count if len(units) == 1 else units
            if len(names) != count or len(units) != count:
                raise ValueError(
                    f"`data` has {count} channels, `channels` {len(names)}, `unit` {len(units)}"
                )
            notes = _notes(said)
        channels = [
            Channel(channel, known(unit), rate, samples)
            for channel, unit in zip(names, units, strict=True)
        ]
        subject = next(iter(_texts(said.get("subject", []))), None)
        super().__init__(path, name, channels, notes, subject)

    def read(self, picks: Sequence[int], start: int, stop: int) -> np.ndarray:
        """See `Recording.read`."""
        with _told(self.path):
            return self._array.read(picks, start, stop)

    def close(self) -> None:
        """Removes what a compressed archive was unpacked to."""
        self._array.close()


def _rest(path: Path) -> dict[str, Any]:
    """All arrays but the data."""
    with zipfile.ZipFile(path) as archive:
        if large := [i.filename for i in archive.infolist() if i.file_size > _MOST]:
            large = [name for name in large if name != "data.npy"]
        if large:
            raise ValueError(f"{large[0]} is larger than anything but `data` may be")
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files if key != "data"}


def _texts(value: Any) -> list[str]:
    return [v.decode() if isinstance(v, bytes) else str(v) for v in np.atleast_1d(value).tolist()]


def _notes(said: dict[str, Any]) -> list[Annotation]:
    columns = [key for key in ("onset", "duration", "label") if key in said]
    if not columns:
        return []
    if len(columns) < 3 or len({np.atleast_1d(said[key]).shape for key in columns}) > 1:
        raise ValueError("annotations take `onset`, `duration` and `label` of one length")
    onsets, durations = (np.atleast_1d(said[key]).astype(float) for key in columns[:2])
    rows = zip(onsets.tolist(), durations.tolist(), _texts(said["label"]), strict=True)
    return [Annotation(*row) for row in rows]


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenRecording:
        raise
    except _DAMAGED as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BrokenRecording(f"{path}: not a sound archive: {first_line(error)}") from None
