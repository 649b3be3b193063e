"""Where labels come from: the recordings' own annotations, or a table."""

import math
import re
from collections import defaultdict
from pathlib import Path

from components.convert.wishes import ANNOTATIONS, Wishes
from components.failures import InputError
from components.recordings import Annotation, Recording, rows

_BAD = re.compile(r"bad(_|\s|$)", re.IGNORECASE)  # as mne marks time to be left out
_SUBJECT = ("subject", "participant_id")


def is_bad(text: str) -> bool:
    """Whether an annotation marks time that is to be left out."""
    return _BAD.match(text) is not None


class Labels:
    """The labelled spans of recordings, and what else a table knows of them.

    Raises:
        InputError: the table can't be read or lacks a column.
    """

    def __init__(self, wishes: Wishes) -> None:
        self._wishes, self._table = wishes, None
        self._spans: dict[str, list[Annotation]] = defaultdict(list)
        self._subjects: dict[str, str] = {}
        if wishes.labels != ANNOTATIONS:
            self._table = Path(wishes.labels).expanduser()
            self._read(self._table, wishes.label_column.lower())

    def subject(self, recording: Recording) -> str | None:
        """Who was recorded, as the path, the table or the file tells it."""
        if self._wishes.subject is not None:
            found = re.search(self._wishes.subject, str(recording.path))
            return found[1] if found and found[1] else None
        told = next((self._subjects[k] for k in _keys(recording) if k in self._subjects), None)
        return told or recording.subject

    def spans(self, recording: Recording, subject: str | None) -> list[Annotation]:
        """The labelled spans of a recording, cut as `Wishes.span` says."""
        if self._table is None:
            found = [a for a in recording.annotations if not is_bad(a.text)]
        else:
            keys = [*_keys(recording), f"subject {_plain(subject or '')}"]
            found = next((self._spans[key] for key in keys if key in self._spans), [])
        if (span := self._wishes.span) is None:
            return [a for a in found if a.text]
        return [Annotation(a.onset + span[0], span[1] - span[0], a.text) for a in found if a.text]

    def _read(self, path: Path, column: str) -> None:
        if not path.is_file():
            raise InputError(f"--labels={path}: neither `annotations` nor a table that is there")
        table = rows(path)
        names = set(table[0]) if table else set()
        subject = next((name for name in _SUBJECT if name in names), None)
        if column not in names or not ({"recording"} & names or subject):
            raise InputError(
                f"--labels={path}: needs the columns recording or subject, and {column} (another "
                f"one by --label-column); it has {', '.join(sorted(names)) or 'no rows'}"
            )
        if "onset" in names and "recording" not in names:
            raise InputError(f"--labels={path}: onsets need a column that names the recording")
        for number, row in enumerate(table, 2):
            key = row["recording"] if "recording" in names else f"subject {_plain(row[subject])}"
            if "recording" in names and subject and row[subject]:
                self._subjects[key] = row[subject]
            self._spans[key].append(_span(row, column, f"--labels={path}: line {number}"))


def _span(row: dict[str, str], column: str, where: str) -> Annotation:
    """A row's span; all of a recording where no onset is told."""
    if "onset" not in row:
        return Annotation(0.0, math.inf, row[column])
    try:
        onset, duration = float(row["onset"]), float(row.get("duration") or 0)
    except ValueError:
        raise InputError(f"{where}: onset and duration must be numbers of seconds") from None
    if not (math.isfinite(onset) and math.isfinite(duration) and duration >= 0):
        raise InputError(f"{where}: onset and duration must be finite, and no duration below 0")
    return Annotation(onset, duration, row[column])


def _keys(recording: Recording) -> list[str]:
    """How a table may call a recording."""
    return [recording.name, recording.path.name, f"{recording.name}{recording.path.suffix}"]


def _plain(subject: str) -> str:
    """A subject without the prefix that BIDS tables write and file names are cut of."""
    return subject.removeprefix("sub-")
