"""What is to be done so that the cluster has what the file describes: a function of the two.

The rules hold at every instant, also when the work is cut off between two of its requests:

- never two enabled for one name: before one is enabled, all others are disabled;
- an old one is deleted last, and only when none of its runs is in flight;
- of several, the one with the highest generation is in charge. A schedule that changed gets the
  next generation, never a former one again, so that what was left half-done does no harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.schedule.marker import Marker
from pipeline.schedule.trigger import Trigger

UNCHANGED, CREATED, REPLACED = "unchanged", "created", "replaced"
PAUSED, RESUMED, PRUNED = "paused", "resumed", "pruned"


class Wanted(Protocol):
    """What the plan needs to know of a described schedule."""

    name: str
    digest: str
    paused: bool


@dataclass(frozen=True)
class Found:
    """A recurring run of ours on the cluster."""

    id: str
    experiment: str  # its id
    marker: Marker
    enabled: bool
    created: datetime
    trigger: Trigger


@dataclass(frozen=True)
class Create:
    """Makes the recurring run of a generation."""

    generation: int
    enabled: bool


@dataclass(frozen=True)
class Disable:
    """Lets it fire no more; what runs, runs on."""

    found: Found


@dataclass(frozen=True)
class Enable:
    """Lets it fire: a recurring run that was found, or, with None, the one just created."""

    found: Found | None


@dataclass(frozen=True)
class Delete:
    """Removes it if none of its runs is in flight."""

    found: Found


@dataclass(frozen=True)
class Change:
    """What becomes of a name, and by which requests, in their order."""

    name: str
    result: str
    actions: tuple[Create | Disable | Enable | Delete, ...] = ()


def plan(wanted: Sequence[Wanted], found: Sequence[Found]) -> list[Change]:
    """The changes that lead from what is found to what is wanted, a change for each name.

    Args:
        wanted: every schedule of an owner's file.
        found: every recurring run of that owner.
    """
    names = {schedule.name for schedule in wanted}
    gone = sorted({one.marker.name for one in found} - names)
    changes = [_change(schedule, of(schedule.name, found)) for schedule in wanted]
    return [*changes, *(Change(name, PRUNED, removal(of(name, found))) for name in gone)]


def of(name: str, found: Sequence[Found]) -> list[Found]:
    """The recurring runs of a name; the one in charge is the first.

    Two may have one generation when two people applied at once, or one was cloned by hand.
    """
    ours = [one for one in found if one.marker.name == name]
    return sorted(
        ours, key=lambda one: (-one.marker.generation, not one.enabled, one.created, one.id)
    )


def removal(found: Sequence[Found]) -> tuple[Disable | Delete, ...]:
    """Disables all, then deletes them."""
    return (*_disabled(found), *(Delete(one) for one in found))


def switched(found: Sequence[Found], *, on: bool) -> tuple[Disable | Enable, ...]:
    """Enables the one in charge, the first, or disables all."""
    if not on:
        return _disabled(found)
    current, *others = found
    return (*_disabled(others), *(() if current.enabled else (Enable(current),)))


def _change(wanted: Wanted, found: Sequence[Found]) -> Change:
    if not found:
        return Change(wanted.name, CREATED, (Create(1, enabled=not wanted.paused),))
    current, *others = found
    if current.marker.digest == wanted.digest:
        actions = (*switched(found, on=not wanted.paused), *(Delete(one) for one in others))
        return Change(wanted.name, _kept(wanted, current, others), actions)
    create = Create(current.marker.generation + 1, enabled=False)
    enable = () if wanted.paused else (Enable(None),)
    deletes = (Delete(one) for one in found)
    return Change(wanted.name, REPLACED, (create, *_disabled(found), *enable, *deletes))


def _kept(wanted: Wanted, current: Found, others: Sequence[Found]) -> str:
    """What to call it when the one in charge is the right one."""
    if any(one.enabled for one in others):  # a replacement that was cut off
        return REPLACED
    if current.enabled is wanted.paused:
        return PAUSED if wanted.paused else RESUMED
    return UNCHANGED


def _disabled(found: Sequence[Found]) -> tuple[Disable, ...]:
    return tuple(Disable(one) for one in found if one.enabled)
