from datetime import UTC, datetime, timedelta

import pytest

from pipeline.schedule.trigger import Trigger, duration, seconds

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_an_interval_is_counted_from_when_kubeflow_got_the_schedule():
    every = Trigger(every=12 * 3600)
    assert every.firings(NOW)[0] == NOW + 12 * HOUR
    assert every.firings(NOW, since=NOW - 13 * HOUR, count=2) == [NOW + 11 * HOUR, NOW + 23 * HOUR]


def test_nothing_fires_before_the_start_or_after_the_end():
    start, end = NOW + 48 * HOUR, NOW + 73 * HOUR
    assert Trigger(cron="0 0 7 * * *", start=start, end=end).firings(NOW) == [start + 24 * HOUR]
    assert Trigger(every=3600 * 24, start=start, end=end).firings(NOW) == [start + 24 * HOUR]
    assert Trigger(cron="@daily", end=NOW).firings(NOW) == []


@pytest.mark.parametrize(("text", "value"), [("12h", 43200), ("1h30m", 5400), ("90s", 90)])
def test_durations(text, value):
    assert seconds(text) == value
    assert seconds(duration(value)) == value


@pytest.mark.parametrize(
    "text", ["", "7d", "12", "h", "1m1h", "1.5h", "30s", "0h", "-1h", "9999999999h"]
)
def test_a_wrong_duration_is_refused(text):
    with pytest.raises(ValueError, match="12h"):
        seconds(text)
