"""What stands in the way of a conditional write, told apart by callers who can do something."""

from components.failures import Failure, InputError
from components.storage.address import shown


class Missing(InputError):
    """Nothing is there under this name, in a place that answers."""


class Conflict(Failure):
    """The file is not, or no longer, what the writer takes it for; nothing was written."""


def conflict(uri: str) -> Conflict:
    """The failure of a write whose condition does not hold."""
    return Conflict(f"{shown(uri)}: was written by another run meanwhile; run again")
