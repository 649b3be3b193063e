"""Cron expressions as Kubeflow Pipelines reads them: six fields, the second first.

Its controller parses with the Go package robfig/cron, version 1, and so a library for five fields
would show other times than those that fire. What that parser takes without a word though nobody
means it (five fields, an empty place in a list, a day that never comes) is refused here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import product

YEARS = 5  # as far as the controller looks ahead; what fires later counts as never
DESCRIPTORS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class Field:
    """A field of an expression: its name, its bounds, and what its names stand for."""

    name: str
    low: int
    high: int
    names: dict[str, int] = field(default_factory=dict)


FIELDS = (
    Field("second", 0, 59),
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    Field("day of week", 0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


@dataclass(frozen=True)
class Cron:
    """A parsed expression.

    Attributes:
        values: for each of `FIELDS`, the numbers at which it fires, in order.
        any_day: whether the day of month or the day of week is open (`*` or `?`, also with a
            step). Then a day must match both; with both given, either is enough.
    """

    values: tuple[tuple[int, ...], ...]
    any_day: bool

    def after(self, moment: datetime) -> datetime | None:
        """The first firing later than `moment`; None where none comes within `YEARS`."""
        start = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        for day in _days(start.date()):
            if self._fires_on(day):
                earliest = start.time() if day == start.date() else time.min
                first = self._first(earliest)
                if first is not None:
                    return datetime.combine(day, first, UTC)
        return None

    def _fires_on(self, day: date) -> bool:
        _, _, _, days, months, weekdays = self.values
        if day.month not in months:
            return False
        by_date, by_weekday = day.day in days, day.isoweekday() % 7 in weekdays
        return (by_date and by_weekday) if self.any_day else (by_date or by_weekday)

    def _first(self, earliest: time) -> time | None:
        """The first time of day that is not before `earliest`."""
        seconds, minutes, hours, *_ = self.values
        late_enough = [hour for hour in hours if hour >= earliest.hour]
        times = (time(*parts) for parts in product(late_enough, minutes, seconds))
        return next((moment for moment in times if moment >= earliest), None)


def parse(expression: str) -> Cron:
    """Parses six fields or a descriptor.

    Raises:
        ValueError: it is wrong, or never fires; the message says what to write.
    """
    if expression.startswith("@"):
        if expression not in DESCRIPTORS:
            known = ", ".join(DESCRIPTORS)
            raise ValueError(f"is no descriptor; write six fields, @every 12h, or one of {known}")
        expression = DESCRIPTORS[expression]
    words = expression.split()
    if len(words) == 5:
        given = ", ".join(f"{f.name} {word}" for f, word in zip(FIELDS, words, strict=False))
        raise ValueError(
            f"has five fields, which Kubeflow would read as {given}; "
            f'put the second first: "0 {" ".join(words)}"'
        )
    if len(words) != len(FIELDS):
        names = ", ".join(f.name for f in FIELDS)
        raise ValueError(f"has {len(words)} fields and needs six: {names}")
    parts = [_field(word, f) for word, f in zip(words, FIELDS, strict=True)]
    cron = Cron(tuple(values for values, _ in parts), any_day=parts[3][1] or parts[5][1])
    if cron.after(datetime.now(UTC)) is None:
        raise ValueError(f"never fires in the next {YEARS} years; name a day that comes")
    return cron


def _days(first: date) -> Iterator[date]:
    for offset in range((date(first.year + YEARS, 12, 31) - first).days + 1):
        yield first + timedelta(days=offset)


def _field(text: str, bounds: Field) -> tuple[tuple[int, ...], bool]:
    """The numbers of a field, and whether it is open (`*` or `?`)."""
    found: set[int] = set()
    is_open = False
    for item in text.split(","):
        numbers, anything = _item(item, bounds)
        found |= set(numbers)
        is_open |= anything
    return tuple(sorted(found)), is_open


def _item(item: str, bounds: Field) -> tuple[range, bool]:
    """One of a field's list: a number, a range or `*`, with a step or without."""
    where, slash, step = item.partition("/")
    low, dash, high = where.partition("-")
    anything = where in ("*", "?")
    if anything:
        first, last = bounds.low, bounds.high
    else:
        first = _number(low, bounds)
        # As in robfig/cron, 5/15 means from 5 to the end in steps of 15.
        last = _number(high, bounds) if dash else (bounds.high if slash else first)
    if first > last:
        raise ValueError(f"{bounds.name} {item} goes backwards; write it as two ranges")
    if slash and not (step.isascii() and step.isdigit() and int(step)):
        raise ValueError(f"{bounds.name} {item}: the step must be a whole number from 1")
    return range(first, last + 1, int(step) if slash else 1), anything


def _number(text: str, bounds: Field) -> int:
    named = bounds.names.get(text.lower())
    if named is not None:
        return named
    allowed = f"{bounds.low}-{bounds.high}"
    if bounds.names:
        allowed += f" or {'-'.join((*bounds.names,)[:: len(bounds.names) - 1]).upper()}"
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{bounds.name} {text!r} is no number; write {allowed}, a list or a range")
    if not bounds.low <= int(text) <= bounds.high:
        raise ValueError(f"{bounds.name} {text} is out of range; write {allowed}")
    return int(text)
