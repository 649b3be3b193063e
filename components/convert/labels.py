"""Where labels come from: the recordings' own annotations, or a table."""

import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from components.convert.table import Table, read
from components.convert.wishes import ANNOTATIONS, Wishes
from components.recordings import Annotation, Recording, Source

log = logging.getLogger("biotune")

_BAD = re.compile(r"\s*bad(_|\s|$)", re.IGNORECASE)  # as mne marks time to be left out
_MOST = 10


def is_bad(text: str) -> bool:
    """Whether an annotation marks time that is to be left out."""
    return _BAD.match(text) is not None


class Labels:
    """The labelled spans of recordings, and what else a table knows of them.

    Args:
        sources: all recordings, which a table may name.

    Raises:
        InputError: the table can't be read, lacks a column, or names something else.
    """

    def __init__(self, wishes: Wishes, sources: Sequence[Source]) -> None:
        self._wishes = wishes
        self._table: Table | None = None
        if wishes.labels != ANNOTATIONS:
            self._table = read(wishes.labels, wishes.label_column.lower(), sources)

    def subject(self, recording: Recording) -> str | None:
        """Who was recorded, as the path, the table or the file tells it."""
        if self._wishes.subject is not None:
            found = re.search(self._wishes.subject, str(recording.path))
            return found[1] if found and found[1] else None
        told = None if self._table is None else self._table.subjects.get(recording.name)
        return told or recording.subject

    def named(self, recording: Recording, subject: str | None) -> bool:
        """Whether the labels know of a recording at all: a table may leave it out."""
        return self._table is None or self._table.spans_of(recording.name, subject) is not None

    def spans(self, recording: Recording, subject: str | None) -> list[Annotation]:
        """The labelled spans of a recording, cut as `Wishes.span` says."""
        if self._table is None:
            found = [a for a in recording.annotations if not is_bad(a.text)]
        else:
            found = self._table.spans_of(recording.name, subject) or []
        found = [replace(a, text=a.text.strip()) for a in found if a.text.strip()]
        if (span := self._wishes.span) is None:
            return found
        return [Annotation(a.onset + span[0], span[1] - span[0], a.text) for a in found]

    def tell_strangers(self, subjects: Collection[str]) -> None:
        """Warns of people of the table who are none of those that were recorded."""
        if self._table is not None and (strangers := self._table.strangers(subjects)):
            some = ", ".join(strangers[:_MOST]) + (", ..." if len(strangers) > _MOST else "")
            told = f"--labels={self._wishes.labels}: no recording is of {some}"
            log.warning("%s (%s of its people)", told, f"{len(strangers):,}")
