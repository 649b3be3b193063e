from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.schedule import cron

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def times(expression, count=3, since=MONDAY):
    """The next firings, as short text."""
    found = []
    for _ in range(count):
        since = cron.parse(expression).after(since)
        found.append(f"{since:%a %m-%d %H:%M:%S}")
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 2 * * MON-FRI", ["Tue 11-24 02:00:00", "Wed 11-25 02:00:00", "Thu 11-26 02:00:00"]),
        ("30 15,45 7 * * *", ["Mon 11-23 07:15:30", "Mon 11-23 07:45:30", "Tue 11-24 07:15:30"]),
        ("0 5/25 * * * ?", ["Mon 11-23 07:05:00", "Mon 11-23 07:30:00", "Mon 11-23 07:55:00"]),
        ("0 0 0 1 JAN,Jul *", ["Fri 01-01 00:00:00", "Thu 07-01 00:00:00", "Sat 01-01 00:00:00"]),
        ("0 0 0 29 2 *", ["Tue 02-29 00:00:00", "Sun 02-29 00:00:00", "Fri 02-29 00:00:00"]),
        ("@daily", ["Tue 11-24 00:00:00", "Wed 11-25 00:00:00", "Thu 11-26 00:00:00"]),
        ("@weekly", ["Sun 11-29 00:00:00", "Sun 12-06 00:00:00", "Sun 12-13 00:00:00"]),
        ("@monthly", ["Tue 12-01 00:00:00", "Fri 01-01 00:00:00", "Mon 02-01 00:00:00"]),
        # A day of month and a day of week: either is enough, unless one of them has a star.
        ("0 0 0 25 * FRI", ["Wed 11-25 00:00:00", "Fri 11-27 00:00:00", "Fri 12-04 00:00:00"]),
        ("0 0 0 */2 * FRI", ["Fri 11-27 00:00:00", "Fri 12-11 00:00:00", "Fri 12-25 00:00:00"]),
    ],
)
def test_the_next_firings_are_kubeflows(expression, expected):
    assert times(expression) == expected


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("0 2 * * *", r'read as second 0, minute 2, hour \*.*second first: "0 0 2 \* \* \*"'),
        ("0 0 2 31 2 *", "never fires in the next 5 years"),
        ("0 0 2 30 FEB ?", "never fires"),
        ("0 0 2 * *  * 2027", "has 7 fields and needs six: second, minute, hour"),
        ("nightly", "has 1 fields"),
        ("0 60 2 * * *", "minute 60 is out of range; write 0-59"),
        ("0 0 0 0 * *", "day of month 0 is out of range; write 1-31"),
        ("0 0 0 * * 7", "day of week 7 is out of range; write 0-6 or SUN-SAT"),
        ("0 0 0 * * FRI-MON", "FRI-MON goes backwards"),
        ("0 0 0 L * *", "day of month 'L' is no number"),
        ("0 0 0 1,,2 * *", "day of month '' is no number"),
        ("0 0/0 0 * * *", "minute 0/0: the step must be a whole number from 1"),
        ("0 */-5 * * * *", "minute */-5: the step".replace("*", r"\*")),
        ("0 *-5 0 * * *", "is no number"),
        ("0 +5 0 * * *", "is no number"),
        ("@midday", "is no descriptor; write six fields, @every 12h"),
    ],
)
def test_what_is_wrong_is_refused_and_says_what_to_write(expression, told):
    with pytest.raises(ValueError, match=told):
        cron.parse(expression)


def number(low, high):
    return st.integers(low, high).map(str)


def fields(low, high, names=()):
    """Texts of a field, each with the set of numbers that it means."""
    every = set(range(low, high + 1))
    names = dict(enumerate(names, low))

    def span(ends):
        first, last = sorted(ends)
        shown = [names.get(n, str(n)) for n in (first, last)]
        return "-".join(shown), set(range(first, last + 1)), False

    value = st.integers(low, high)
    one = value.map(lambda n: (names.get(n, str(n)), {n}, False))
    ranges = st.tuples(value, value).map(span)
    star = st.sampled_from([("*", every, True), ("?", every, True)])
    steps = st.integers(1, 20).map(lambda s: (f"*/{s}", set(range(low, high + 1, s)), True))
    onward = st.tuples(value, st.integers(1, 9)).map(
        lambda v: (f"{v[0]}/{v[1]}", set(range(v[0], high + 1, v[1])), False)
    )
    listed = st.lists(one | ranges, min_size=2, max_size=3).map(
        lambda items: (
            ",".join(text for text, _, _ in items),
            set().union(*(numbers for _, numbers, _ in items)),
            False,
        )
    )
    return st.one_of(star, one, ranges, steps, onward, listed)


DAYS = ("SUN", "Mon", "tue", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "feb", "Mar", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@settings(max_examples=150, deadline=None)
@given(
    second=st.integers(0, 59),
    minute=fields(0, 59),
    hour=fields(0, 23),
    day=fields(1, 31),
    month=fields(1, 12, MONTHS),
    weekday=fields(0, 6, DAYS),
    since=st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1)),
)
def test_the_next_firing_is_what_trying_every_minute_finds(
    second, minute, hour, day, month, weekday, since
):
    texts = [minute[0], hour[0], day[0], month[0], weekday[0]]
    since = since.replace(tzinfo=UTC)
    either = not (day[2] or weekday[2])
    end = since + timedelta(days=45)
    moment = since.replace(second=second, microsecond=0)
    while moment < end:
        by_date = moment.day in day[1]
        by_weekday = moment.isoweekday() % 7 in weekday[1]
        on = (by_date or by_weekday) if either else (by_date and by_weekday)
        if not on or moment.month not in month[1]:
            moment = (moment + timedelta(days=1)).replace(hour=0, minute=0)
            continue
        if moment > since and moment.minute in minute[1] and moment.hour in hour[1]:
            break
        moment += timedelta(minutes=1)
    try:
        found = cron.parse(f"{second} {' '.join(texts)}").after(since)
    except ValueError as error:
        assert "never fires" in str(error)
        assert moment >= end
    else:
        assert found == moment if moment < end else found is None or found >= end
