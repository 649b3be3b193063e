"""Training and evaluation beside a bare PyTorch loop."""

from collections.abc import Iterator

from benchmarks.speed.rows import Row


def rows(quick: bool) -> Iterator[Row]:
    """Yields each comparison as it is done."""
    yield from ()
