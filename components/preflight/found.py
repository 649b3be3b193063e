"""What preflight has found: files that following steps read, and lines on what is wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from components.hdf5 import Header
from components.preflight.samples import Sample


@dataclass(frozen=True)
class Found:
    """A file that a following step reads.

    Attributes:
        header, sample: of a split.
    """

    uri: str
    size: int = 0
    fingerprint: str = ""
    header: Header | None = None
    sample: Sample | None = None


Splits = Mapping[str, Found]


def together(lines: Iterable[tuple[Found, str]]) -> list[str]:
    """One line for what is wrong with several splits alike, with all their names before it."""
    said: dict[str, list[str]] = {}
    for found, line in lines:
        said.setdefault(line, []).append(found.uri)
    return [f"{', '.join(uris)}: {line}" for line, uris in said.items()]
