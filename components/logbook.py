"""What a process logged last, for the record of its failure; no line holds a credential."""

import logging
import time
from collections import deque

from components.redaction import redacted

KEPT = 200


class Redacting(logging.Formatter):
    """Formats a line, and then takes the credentials out of it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be shown."""
        return redacted(super().format(record).rstrip())


class Logbook(logging.Handler):
    """Keeps the last lines in memory, each with its time in UTC."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: deque[str] = deque(maxlen=KEPT)
        written = Redacting("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        written.converter = time.gmtime
        self.setFormatter(written)

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the lines of a record."""
        self.kept.extend(self.format(record).splitlines())


def last_lines() -> list[str]:
    """The last `KEPT` lines at most, the oldest first; none where nothing keeps them."""
    books = [book for book in logging.getLogger().handlers if isinstance(book, Logbook)]
    return list(books[0].kept) if books else []
