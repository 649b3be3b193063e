"""Pause, resume and remove a schedule without its file; what the file says holds again later."""

from components.failures import InputError
from pipeline.schedule.apply import carry_out
from pipeline.schedule.cluster import Cluster
from pipeline.schedule.plan import (
    PAUSED,
    PRUNED,
    RESUMED,
    UNCHANGED,
    Change,
    Found,
    of,
    removal,
    switched,
)


def pause(cluster: Cluster, name: str, owner: str | None) -> str:
    """Lets a schedule fire no more, and says what came of it."""
    return _switch(cluster, name, owner, on=False)


def resume(cluster: Cluster, name: str, owner: str | None) -> str:
    """Lets a schedule fire again, and says what came of it."""
    return _switch(cluster, name, owner, on=True)


def remove(cluster: Cluster, name: str, owner: str | None) -> int:
    """Deletes a schedule.

    Returns:
        How many of its recurring runs stay, disabled, as runs of theirs are in flight.
    """
    found = _chosen(cluster, name, owner)
    return carry_out(Change(name, PRUNED, removal(found)), cluster, found[0].marker.owner)


def _switch(cluster: Cluster, name: str, owner: str | None, *, on: bool) -> str:
    found = _chosen(cluster, name, owner)
    actions = switched(found, on=on)
    result = (RESUMED if on else PAUSED) if actions else UNCHANGED
    carry_out(Change(name, result, actions), cluster, found[0].marker.owner)
    return result


def _chosen(cluster: Cluster, name: str, owner: str | None) -> list[Found]:
    """The recurring runs of one owner's schedule.

    Raises:
        InputError: there is no such schedule, or several owners have one.
    """
    ours = cluster.found(owner)
    found = of(name, ours)
    owners = sorted({one.marker.owner for one in found})
    if not found:
        known = ", ".join(sorted({one.marker.name for one in ours})) or "none"
        whose = f" of {owner}" if owner else ""
        raise InputError(f"{name}: no such schedule{whose}; there are {known}")
    if len(owners) > 1:
        raise InputError(f"{name}: {' and '.join(owners)} have one; say which by --owner")
    return found
