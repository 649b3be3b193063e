"""Small CSV and TSV tables beside recordings."""

import csv
from pathlib import Path

from components.failures import InputError

_MOST = 2**28  # bytes


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table by its headings (in lower case), texts stripped.

    Raises:
        InputError: it is not there, empty, or a row has another number of cells.
    """
    try:
        if path.stat().st_size > _MOST:
            raise InputError(f"{path}: too large for a table")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise InputError(f"{path}: can't be read ({reason})") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path}: it is empty")
    delimiter = max(",;\t", key=lines[0].count)
    try:
        head, *body = csv.reader(lines, delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise InputError(f"{path}: no sound table: {error}") from None
    head = [cell.strip().lower() for cell in head]
    for number, row in enumerate(body, 2):
        if len(row) != len(head):
            raise InputError(
                f"{path}: line {number} has {len(row)} cells, but {len(head)} headings"
            )
    return [dict(zip(head, map(str.strip, row), strict=True)) for row in body]
