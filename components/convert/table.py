"""A table of labels, its rows brought to the recordings or people that they name."""

import logging
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.failures import InputError
from components.recordings import Annotation, Source, rows

log = logging.getLogger("biotune")

_SUBJECT = ("subject", "participant_id")
_MOST = 10


@dataclass(frozen=True)
class Table:
    """What a table says.

    Attributes:
        of_recordings: spans by the name of a `Source`; empty where rows name people.
        of_people: spans by a subject without BIDS' prefix.
        subjects: by the name of a `Source`.
    """

    of_recordings: Mapping[str, list[Annotation]]
    of_people: Mapping[str, list[Annotation]]
    subjects: Mapping[str, str]

    def spans_of(self, recording: str, subject: str | None) -> list[Annotation] | None:
        """The spans of a recording; None where the table does not name it."""
        return self.of_recordings.get(recording, self.of_people.get(_plain(subject or "")))

    def strangers(self, subjects: Collection[str]) -> list[str]:
        """Those whom the table names beside these."""
        return sorted(set(self.of_people) - {_plain(subject) for subject in subjects})


def read(path: str, column: str, sources: Sequence[Source]) -> Table:
    """Reads a table of labels.

    Args:
        column: the heading of the labels, in lower case.
        sources: all recordings.

    Raises:
        InputError: it can't be read, lacks a column, or has a row that names several recordings, or
            one whose subject another row tells otherwise, or none while one goes without a row.
    """
    where, file = f"--labels={path}", Path(path).expanduser()
    if not file.is_file():
        raise InputError(f"{where}: neither `annotations` nor a table that is there")
    table = rows(file)
    names = set(table[0]) if table else set()
    subject = next((name for name in _SUBJECT if name in names), None)
    if column not in names or not ({"recording"} & names or subject):
        raise InputError(
            f"{where}: needs the columns recording or subject, and {column} (another one by "
            f"--label-column); it has {', '.join(sorted(names)) or 'no rows'}"
        )
    if "onset" in names and "recording" not in names:
        raise InputError(f"{where}: onsets need a column that names the recording")
    meant = _meant(
        [row["recording"] for row in table] if "recording" in names else [], sources, where
    )
    of_recordings, of_people, subjects = defaultdict(list), defaultdict(list), {}
    for number, row in enumerate(table, 2):
        span = _span(row, column, f"{where}: line {number}")
        if "recording" not in names:
            of_people[_plain(row[subject])].append(span)
            continue
        if row["recording"] not in meant:
            continue
        name, told = meant[row["recording"]], row[subject] if subject else ""
        of_recordings[name].append(span)
        if told and subjects.setdefault(name, told) != told:
            raise InputError(
                f"{where}: line {number} says that {row['recording']} is of {told}, another line "
                f"that it is of {subjects[name]}; a recording is of one person"
            )
    return Table(dict(of_recordings), dict(of_people), subjects)


def _meant(told: Sequence[str], sources: Sequence[Source], where: str) -> dict[str, str]:
    """The name of the recording that each of `told` means.

    Its path below the folder, with or without suffix; or else its file's name, if no other file is
    called so.
    """
    exact, loose = defaultdict(set), defaultdict(set)
    for source in sources:
        exact[source.name].add(source.name)
        exact[f"{source.name}{source.path.suffix}"].add(source.name)
        loose[source.path.name].add(source.name)
    found = {text: sorted(exact.get(text) or loose.get(text) or ()) for text in told}
    if strangers := [text for text, fits in found.items() if not fits]:
        unnamed = sorted({source.name for source in sources} - set().union(*found.values()))
        said = f"{where}: names {_some(strangers)}, which none of the recordings is called"
        if unnamed:  # and may be the one that was meant
            raise InputError(
                f"{said}, and does not name {_some(unnamed)}; mend those rows, or take them out"
            )
        log.warning("%s; those rows are left out", said)
    if several := next((text for text, fits in found.items() if len(fits) > 1), None):
        fits = found[several]
        raise InputError(
            f"{where}: {several} may be {_some(fits)}; write the path below the folder, as in "
            f"{fits[0]}"
        )
    return {text: fits[0] for text, fits in found.items() if fits}


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST
    return ", ".join(text or "''" for text in texts[:_MOST]) + (
        f" and {more:,} more" if more > 0 else ""
    )


def _span(row: Mapping[str, str], column: str, where: str) -> Annotation:
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


def _plain(subject: str) -> str:
    """A subject without the prefix that BIDS tables write and file names are cut of."""
    return subject.removeprefix("sub-")
