"""FIF recordings, read by mne."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from components.extras import require
from components.failures import InputError, first_line
from components.hdf5.soundness import plain
from components.recordings.fif_tags import require_end
from components.recordings.recording import Annotation, BrokenRecording, Channel, Recording

_SIGNALS = ("eeg", "emg", "ecg", "eog", "seeg", "ecog", "dbs", "bio", "mag", "grad", "ref_meg")
_UNITS = {"mag": "T", "grad": "T/m", "ref_meg": "T"}  # mne gives SI units
_NONE = ("stim", "misc", "syst", "exci", "ias", "resp", "gof", "chpi")


class Fif(Recording):
    """A FIF file, with its later parts where it is divided."""

    def __init__(self, path: Path, name: str) -> None:
        require("convert", "mne")
        import mne  # here, as it takes a while and only FIF needs it

        with _told(path):
            require_end(path)
            self._raw = mne.io.read_raw_fif(path, preload=False, verbose="ERROR")
            kinds = self._raw.get_channel_types()
        channels = [
            Channel(
                name=channel,
                unit=None if kind in _NONE else _UNITS.get(kind, "V"),
                sampling_rate=float(self._raw.info["sfreq"]),
                samples=int(self._raw.n_times),
                signal=kind in _SIGNALS,
                bad=channel in self._raw.info["bads"],
            )
            for channel, kind in zip(self._raw.ch_names, kinds, strict=True)
        ]
        super().__init__(path, name, channels, _notes(self._raw), _subject(self._raw))

    def read(self, picks: Sequence[int], start: int, stop: int) -> np.ndarray:
        """See `Recording.read`."""
        with _told(self.path):
            found = self._raw.get_data(picks=list(picks), start=start, stop=stop, verbose="ERROR")
        return np.asarray(found, dtype=np.float64)

    def close(self) -> None:
        """Closes mne's file."""
        self._raw.close()


def _notes(raw: Any) -> list[Annotation]:
    """Onsets from the first sample, where mne counts from the start of the measurement.

    It does so in files without the date of that start, too.
    """
    return [
        Annotation(float(onset) - raw.first_time, float(duration), str(text))
        for onset, duration, text in zip(
            raw.annotations.onset,
            raw.annotations.duration,
            raw.annotations.description,
            strict=True,
        )
    ]


def _subject(raw: Any) -> str | None:
    known = raw.info.get("subject_info") or {}
    told = (str(known.get(key) or "").strip() for key in ("his_id", "id"))
    return next((text for text in told if text not in ("", "0")), None)  # 0: made anonymous


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """A damaged file makes mne, or numpy below it, raise nearly anything."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        raise BrokenRecording(
            f"{path}: no sound FIF file: {plain(first_line(error), 200)}"
        ) from None
