"""What preflight has found: files that following steps read, and lines on what is wrong."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from components.failures import Findings, InputError
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


@contextmanager
def noting(findings: list[str]) -> Iterator[None]:
    """Notes what the user got wrong instead of raising it, so that the next check runs too."""
    try:
        yield
    except Findings as error:
        findings.extend(error.messages)
    except InputError as error:
        findings.append(str(error))


def together(lines: Iterable[tuple[Found, str]]) -> list[str]:
    """One line for what is wrong with several splits alike, with all their names before it."""
    said: dict[str, list[str]] = {}
    for found, line in lines:
        said.setdefault(line, []).append(found.uri)
    return [f"{', '.join(uris)}: {line}" for line, uris in said.items()]
