"""How facts and tables stand on the terminal."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table


def terminal() -> Console:
    """Standard output; names from files are taken as they are, not as rich's markup."""
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 110
    return Console(markup=False, highlight=False, width=wide)


def facts(console: Console, about: Mapping[str, Any]) -> None:
    """Prints names with their values; what is None or empty is left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in about.items():
        if value not in (None, ""):
            grid.add_row(name, str(value))
    console.print(grid)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]] = ()) -> Table:
    """A table; a column whose name ends in a colon holds numbers."""
    made = Table(box=SIMPLE, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        justify = "right" if column.endswith(":") else "left"
        made.add_column(column.rstrip(":"), justify=justify, overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made
