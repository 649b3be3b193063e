"""Of the records that failed nodes have left, the one that says why."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from components.failures import PEER, STOPPED

log = logging.getLogger("biotune")

FOLLOWING = (STOPPED, PEER)  # kinds of what only follows from something else
_NEEDED = {"kind": str, "message": str}
_OTHERS = {"exit_code": int, "node": int, "attempt": int, "at": str, "log": list, "traceback": list}


def first(records: Iterable[tuple[str, Mapping[str, Any] | None]]) -> dict[str, Any] | None:
    """The record of the node that failed first in the last attempt; None if none left one.

    Args:
        records: the name and content of each; None and what is of another form is left out.
    """
    whole = (dict(record) for name, record in records if record and _whole(name, record))
    return min(whole, key=_order, default=None)


def _whole(name: str, record: Mapping[str, Any]) -> bool:
    """Whether it can be told; whoever may write to the runs may have put it there."""
    needed = all(isinstance(record.get(key), kind) for key, kind in _NEEDED.items())
    if needed and all(isinstance(record.get(key, kind()), kind) for key, kind in _OTHERS.items()):
        return True
    log.warning("%s: is no record of a failure, and not used", name)
    return False


def _order(record: Mapping[str, Any]) -> tuple[int, bool, str, int]:
    attempt, node = (record.get(name, 0) for name in ("attempt", "node"))
    return -attempt, record["kind"] in FOLLOWING, record.get("at", ""), node
