"""Schedules on the terminal, and as JSON."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from pipeline.inspection.layout import table, terminal
from pipeline.schedule.apply import Outcome
from pipeline.schedule.plan import PRUNED, Found, of
from pipeline.schedule.trigger import Trigger, duration

CLOCK = (
    "Times are UTC, which is the clock of most clusters; one whose scheduler is set to another "
    "time zone fires at these hours of that zone."
)
_FORMAT = "%a %Y-%m-%d %H:%M:%S"


def outcomes(applied: Sequence[Outcome]) -> list[dict[str, Any]]:
    """What became of each schedule, as JSON."""
    return [
        {
            "name": one.name,
            "result": one.result,
            **_when(one.trigger, one.since, firing=bool(one.trigger) and not one.paused),
            "paused": one.paused,
            "draining": one.draining,
        }
        for one in applied
    ]


def schedules(found: Sequence[Found]) -> list[dict[str, Any]]:
    """What is on the cluster, as JSON: one for each owner's name."""
    shown = []
    key = _owner_and_name
    for (owner, name), group in groupby(sorted(found, key=key), key):
        current, *others = of(name, list(group))
        shown.append(
            {
                "name": name,
                "owner": owner,
                **_when(current.trigger, current.created, firing=current.enabled),
                "paused": not current.enabled,
                "draining": len(others),
                "id": current.id,
            }
        )
    return shown


def show(title: str, first: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    """Prints a table.

    Args:
        title: stands above it.
        first: the keys of a row that come first, besides its name.
        rows: as `outcomes` or `schedules` make them.
    """
    console = terminal()
    grid = table(["schedule", *first, "when", "next firings", ""])
    for row in rows:
        grid.add_row(
            row["name"],
            *(row[key] for key in first),
            row["cron"] or (f"every {row['every']}" if row["every"] else ""),
            _next(row),
            _note(row),
        )
    console.print(title)
    console.print(grid)
    console.print(CLOCK)


def _owner_and_name(found: Found) -> tuple[str, str]:
    return found.marker.owner, found.marker.name


def _when(trigger: Trigger | None, since: datetime | None, *, firing: bool) -> dict[str, Any]:
    if trigger is None:
        return {"cron": None, "every": None, "next": []}
    try:
        firings = trigger.firings(datetime.now(UTC), since=since) if firing else []
    except ValueError:  # a cron that fires no more, as on 29 February of a far year
        firings = []
    every = duration(trigger.every) or None
    times = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in firings]
    return {"cron": trigger.cron or None, "every": every, "next": times}


def _next(row: dict[str, Any]) -> str:
    if row["next"]:
        return "\n".join(datetime.fromisoformat(time).strftime(_FORMAT) for time in row["next"])
    if row.get("result") == PRUNED:
        return ""
    return "paused" if row["paused"] else "none: it has ended"


def _note(row: dict[str, Any]) -> str:
    if not row["draining"]:
        return ""
    if row.get("result") == PRUNED:
        return "disabled; runs are in flight, the next apply deletes it"
    return "a former one is disabled; the next apply deletes it when its runs have ended"
