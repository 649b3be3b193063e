"""Carries a plan out, request by request, and looks again at what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from components.failures import InputError
from pipeline.schedule.cluster import Cluster
from pipeline.schedule.described import Described
from pipeline.schedule.marker import Marker
from pipeline.schedule.plan import PRUNED, Change, Create, Delete, Disable, Enable, Found, of, plan
from pipeline.schedule.trigger import Trigger

_ROUNDS = 3


@dataclass(frozen=True)
class Outcome:
    """What became of a schedule.

    Attributes:
        name: of the schedule.
        result: the plan's word for it.
        paused: whether it fires.
        trigger: when it fires; None for one that is no longer there.
        since: when Kubeflow got it; None for one that it has yet to get.
        draining: former recurring runs that stay, disabled, until their runs have ended.
    """

    name: str
    result: str
    paused: bool = False
    trigger: Trigger | None = None
    since: datetime | None = None
    draining: int = 0


def apply(
    cluster: Cluster, owner: str, described: Sequence[Described], *, dry_run: bool = False
) -> tuple[list[Outcome], list[str]]:
    """Makes the cluster have what is described of an owner, and nothing else of that owner.

    Returns:
        What became of each name, and a line for each name that Kubeflow refused. Such a one keeps
        none of the others from being applied.

    Raises:
        ServiceError: Kubeflow is out of reach. What was begun is ended by the next apply.
    """
    by_name = {one.name: one for one in described}
    outcomes: dict[str, Outcome] = {}
    refused: dict[str, str] = {}
    for _ in range(_ROUNDS):  # a second look finds what another apply did at the same time
        found = cluster.found(owner)
        changes = [one for one in plan(described, found) if one.name not in refused]
        for change in changes:
            wanted = by_name.get(change.name)
            try:
                draining = carry_out(change, cluster, owner, wanted, dry_run=dry_run)
            except InputError as error:
                refused[change.name] = f"{change.name}: {error}"
                continue
            outcome = outcomes.get(change.name) or _outcome(change, wanted, found)
            outcomes[change.name] = replace(outcome, draining=draining)
        if dry_run or all(_at_rest(change) for change in changes):
            break
    return list(outcomes.values()), list(refused.values())


def carry_out(
    change: Change,
    cluster: Cluster,
    owner: str,
    wanted: Described | None = None,
    *,
    dry_run: bool = False,
) -> int:
    """Makes a change's requests, in their order; a dry run only asks what is in flight.

    Returns:
        How many recurring runs were not deleted, because runs of theirs are in flight.
    """
    created = ""
    draining = 0
    for action in change.actions:
        match action:
            case Delete(found) if cluster.in_flight(found):
                draining += 1
            case _ if dry_run:
                continue
            case Delete(found):
                cluster.delete(found.id)
            case Create(generation, enabled):
                mark = Marker(owner, change.name, generation, wanted.digest)
                created = cluster.create(wanted, mark, enabled=enabled)
            case Disable(found):
                cluster.disable(found.id)
            case Enable(found):
                cluster.enable(found.id if found else created)
    return draining


def _at_rest(change: Change) -> bool:
    return all(isinstance(action, Delete) for action in change.actions)


def _outcome(change: Change, wanted: Described | None, found: Sequence[Found]) -> Outcome:
    if change.result == PRUNED or wanted is None:
        return Outcome(change.name, change.result)
    current = next(iter(of(change.name, found)), None)
    kept = current is not None and current.marker.digest == wanted.digest
    since = current.created if kept else None
    return Outcome(change.name, change.result, wanted.paused, wanted.trigger, since)
