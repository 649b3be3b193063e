"""The mark in a recurring run's description that makes it ours.

Names of recurring runs are not unique, and a description cannot be changed later: so all that
tells one from another is written there once, when it is made.
"""

import re
from dataclasses import dataclass

_WORDS = "Managed by `biotune schedule`: edit its file instead."
_MARK = re.compile(
    r"\[biotune-schedule/1 owner=([-a-z0-9]+) name=([-a-z0-9]+) generation=(\d{1,9}) "
    r"digest=([0-9a-f]{64})\]"
)


@dataclass(frozen=True)
class Marker:
    """What the mark tells.

    Attributes:
        owner: of the file that describes it.
        name: of the schedule.
        generation: counts the recurring runs that a schedule has had; the highest is in charge.
        digest: of all that the recurring run was made from.
    """

    owner: str
    name: str
    generation: int
    digest: str

    def __str__(self) -> str:
        return (
            f"{_WORDS} [biotune-schedule/1 owner={self.owner} name={self.name} "
            f"generation={self.generation} digest={self.digest}]"
        )


def read(description: str | None) -> Marker | None:
    """The mark in a description; None where it is someone else's."""
    match = _MARK.search(description or "")
    if match is None:
        return None
    owner, name, generation, digest = match.groups()
    return Marker(owner, name, int(generation), digest)
