"""What a BIDS data set says beside its recordings.

Gorgolewski et al. 2016, "The brain imaging data structure"; read are `*_events.tsv`,
`*_channels.tsv`, the sampling rate in the sidecar JSON, and the subject in the file's name.
"""

import json
import logging
import math
import re
from pathlib import Path

from components.failures import InputError
from components.recordings.recording import Annotation, BrokenRecording, Recording
from components.recordings.tables import rows
from components.recordings.units import known

log = logging.getLogger("biotune")

_NONE = ("n/a", "")
_SUBJECT = re.compile(r"sub-([A-Za-z0-9]+)")


def describe(recording: Recording, root: Path) -> None:
    """Puts subject, events, units and bad channels on a recording of the data set at `root`.

    Sidecar files are inherited: the nearest one, whose name's parts all occur in the recording's.

    Raises:
        BrokenRecording: a sidecar can't be read or contradicts the file.
    """
    found = _SUBJECT.match(recording.path.name)
    recording.subject = found[1] if found else recording.subject
    try:
        if events := _sidecar(recording.path, root, "events.tsv"):
            recording.annotate(_events(events))
        if channels := _sidecar(recording.path, root, "channels.tsv"):
            _channels(recording, channels)
        modality = recording.path.stem.rpartition("_")[2]
        if sidecar := _sidecar(recording.path, root, f"{modality}.json"):
            _hold_rate(recording, sidecar)
    except BrokenRecording:
        raise
    except InputError as error:
        raise BrokenRecording(str(error)) from None


def _sidecar(path: Path, root: Path, ending: str) -> Path | None:
    """The nearest file whose entities are all those of the recording."""
    entities = set(path.stem.split("_")[:-1])
    folder = path.parent
    while True:
        fitting = [
            file
            for file in sorted(folder.glob(f"*{ending}"))
            if file.name == ending or file.name.endswith(f"_{ending}")
            if set(file.name[: -len(ending)].strip("_").split("_")) - {""} <= entities
        ]
        if fitting:
            return max(fitting, key=lambda file: len(file.name))
        if folder in (root, folder.parent):
            return None
        folder = folder.parent


def _events(path: Path) -> list[Annotation]:
    found = []
    for number, row in enumerate(rows(path), 2):
        texts = (row.get(column, "") for column in ("trial_type", "value"))
        text = next((text for text in texts if text.lower() not in _NONE), None)
        try:
            onset = float(row["onset"])
            duration = row.get("duration", "n/a")
            length = 0.0 if duration.lower() in _NONE else float(duration)
        except (KeyError, ValueError):
            raise InputError(
                f"{path}: line {number} has no number for its onset or duration"
            ) from None
        if not (math.isfinite(onset) and math.isfinite(length)):
            raise InputError(f"{path}: line {number}: onset and duration must be finite")
        if text is not None:
            found.append(Annotation(onset, length, text))
    return found


def _channels(recording: Recording, path: Path) -> None:
    """The unit where the file names none; the mark `bad`."""
    said = {}
    for row in rows(path):
        name = row.get("name", "")
        said[name] = {"bad": row.get("status", "").lower() == "bad"}
        channel = next((c for c in recording.channels if c.name == name), None)
        unit = known(row.get("units"))
        if channel is None or unit is None:
            continue
        if channel.unit is None:
            said[name]["unit"] = unit
        elif channel.unit != unit and recording.path.suffix.lower() != ".fif":  # mne gives volts
            log.warning(
                "%s: %s is in %s, though %s says %s; the file is believed",
                recording.path, name, channel.unit, path.name, unit,
            )  # fmt: skip
    recording.described_anew(said)


def _hold_rate(recording: Recording, path: Path) -> None:
    try:
        found = json.loads(path.read_bytes()).get("SamplingFrequency")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: can't be read ({error})") from None
    try:
        told = float(found)
    except (ValueError, TypeError, OverflowError):  # "n/a" or null, or not there
        return
    rates = {channel.sampling_rate for channel in recording.channels}
    if told > 0 and not any(math.isclose(told, rate, rel_tol=1e-3) for rate in rates):
        here = " and ".join(f"{rate:g}" for rate in sorted(rates))
        raise BrokenRecording(
            f"{recording.path}: was sampled at {here} Hz, but {path.name} says {told:g} Hz"
        )
