"""When a schedule fires: at the times of a cron expression, or again and again after a while."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.schedule import cron

EVERY = "@every "
_DURATION = re.compile(r"(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_LONGEST = cron.YEARS * 365 * 86400


@dataclass(frozen=True)
class Trigger:
    """When to fire.

    Attributes:
        cron: six fields or a descriptor; "" where `every` is given.
        every: seconds from one firing to the next; 0 where `cron` is given.
        start: nothing fires up to this moment.
        end: nothing fires after this moment.
    """

    cron: str = ""
    every: int = 0
    start: datetime | None = None
    end: datetime | None = None

    def firings(
        self, now: datetime, *, since: datetime | None = None, count: int = 3
    ) -> list[datetime]:
        """The next firings after `now`, in UTC.

        Args:
            now: the moment to look from.
            since: when Kubeflow got the schedule, which `every` is counted from; None for now.
            count: as many at most.
        """
        found: list[datetime] = []
        moment = max(now, self.start) if self.start else now
        expression = cron.parse(self.cron) if self.cron else None
        while len(found) < count:
            following = expression.after(moment) if expression else self._interval(moment, since)
            if following is None or (self.end and following > self.end):
                break
            found.append(following)
            moment = following
        return found

    def _interval(self, moment: datetime, since: datetime | None) -> datetime:
        """The first end of an interval after `moment`."""
        origin = since or moment
        if self.start and self.start > origin:
            origin = self.start
        passed = max(moment - origin, timedelta()) // timedelta(seconds=self.every)
        return (origin + timedelta(seconds=self.every * (passed + 1))).astimezone(UTC)


def seconds(text: str) -> int:
    """The seconds of a duration such as 12h or 1h30m.

    Raises:
        ValueError: it is none, or too short or too long.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("must be hours, minutes and seconds, as in 12h or 1h30m (a week is 168h)")
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + rest
    if not 60 <= total <= _LONGEST:
        raise ValueError("must be at least a minute and at most five years, as in 12h")
    return total


def duration(total: int) -> str:
    """A number of seconds as `seconds` reads it."""
    parts = zip((total // 3600, total // 60 % 60, total % 60), "hms", strict=True)
    return "".join(f"{number}{unit}" for number, unit in parts if number)
