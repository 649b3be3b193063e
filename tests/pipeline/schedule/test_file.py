import pytest

from components.failures import InputError
from pipeline.schedule import file

GOOD = """
owner: emg-team
profile: cluster.yaml
schedules:
  nightly:
    cron: "0 0 2 * * MON-FRI"
    checkpoint: s3://models/last.ckpt
    dataset: s3://data/emg
"""


def load(tmp_path, text):
    path = tmp_path / "schedules.yaml"
    path.write_text(text)
    return file.load(path)


def complaints(tmp_path, text):
    """What is told, without the file's name."""
    with pytest.raises(InputError) as raised:
        load(tmp_path, text)
    lines = str(raised.value).splitlines()
    assert all(line.startswith(f"{tmp_path}/schedules.yaml: ") for line in lines)
    return [line.removeprefix(f"{tmp_path}/schedules.yaml: ") for line in lines]


def test_without_a_word_a_schedule_is_active_alone_and_catches_nothing_up(tmp_path):
    nightly = load(tmp_path, GOOD).schedules["nightly"]
    assert (nightly.paused, nightly.catchup, nightly.concurrency) == (False, False, 1)


def test_a_profile_is_looked_for_beside_the_file(tmp_path):
    read = load(
        tmp_path,
        GOOD + "    profile: gpu/own.yaml\n  other: {every: 12h, checkpoint: c, dataset: d}",
    )
    assert read.request("nightly", tmp_path).profile == tmp_path / "gpu/own.yaml"
    assert read.request("other", tmp_path).profile == tmp_path / "cluster.yaml"


@pytest.mark.parametrize("key", ["every: 12h", 'cron: "@every 12h"'])
def test_every_is_an_interval_however_it_is_written(tmp_path, key):
    text = f"owner: me\nschedules:\n  a: {{{key}, checkpoint: c, dataset: d}}"
    assert load(tmp_path, text).schedules["a"].trigger.every == 12 * 3600


def test_everything_wrong_is_told_at_once_with_key_value_and_fix(tmp_path):
    text = """
owner: EMG Team
experment: x
schedules:
  nightly:
    cron: "0 2 * * *"
    checkpoint: 3
    dataset: ""
    concurrency: 11
    paused: "no"
    start: 2026-12-01T00:00:00
  Weekly:
    cron: "0 0 2 31 2 *"
    every: 12h
    dataset: d
"""
    told = complaints(tmp_path, text)
    expected = [
        "owner=EMG Team: must be at most 63 lower-case letters",
        "experment: is no key here; did you mean experiment?",
        "schedules.nightly.cron=0 2 * * *: has five fields",
        'schedules.nightly.checkpoint=3: must be text: quote it, as in "3"',
        "schedules.nightly.dataset=: is empty",
        "schedules.nightly.concurrency=11: must be at most 10",
        "schedules.nightly.paused=no: must be true or false",
        "schedules.nightly.start=2026-12-01T00:00:00: must be a moment with its time zone",
        "schedules.Weekly: must be at most 63 lower-case letters",
        "schedules.Weekly.cron=0 0 2 31 2 *: never fires",
        "schedules.Weekly.checkpoint: must be given",
    ]
    assert len(told) == len(expected)
    for line in expected:
        assert any(found.startswith(line) for found in told), (line, told)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("checkpoint: c, dataset: d", "schedules.a: needs one of cron"),
        ("every: 12h, cron: '@daily', checkpoint: c, dataset: d", "schedules.a: needs one of cron"),
        ("every: 7d, checkpoint: c, dataset: d", "schedules.a.every=7d: must be hours"),
        (
            "every: 9999999999h, checkpoint: c, dataset: d",
            "schedules.a.every=9999999999h: must be at least a minute and at most five years",
        ),
        (
            "every: 1h, checkpoint: c, dataset: d, start: '0001-01-01T00:00:00+14:00'",
            "schedules.a.start=0001-01-01T00:00:00+14:00: must lie between the years",
        ),
        (
            "cron: '@daily', checkpoint: c, dataset: d, end: 9999-12-31T23:59:59-01:00",
            "schedules.a.end=9999-12-31T23:59:59-01:00: must lie between the years",
        ),
        (
            "every: 1h, checkpoint: c, dataset: d, start: 2026-12-02T00:00:00Z, "
            "end: 2026-12-01T00:00:00Z",
            "schedules.a.end=2026-12-01T00:00:00Z: must be later than start",
        ),
        (
            "cron: '@yearly', checkpoint: c, dataset: d, start: 2026-12-01T00:00:00Z, "
            "end: 2026-12-02T00:00:00+01:00",
            "schedules.a.end=2026-12-02T00:00:00+01:00: comes before the first firing",
        ),
    ],
)
def test_keys_that_do_not_go_together(tmp_path, keys, told):
    (line,) = complaints(tmp_path, f"owner: me\nschedules:\n  a: {{{keys}}}")
    assert line.startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "owner: me\nschedules: {a: {x: 1, x: 2}}",
            "schedules.a.x: is there twice (lines 2 and 2)",
        ),
        ("owner: me\nowner: you\nschedules: {}", "owner: is there twice (lines 1 and 2); keep one"),
        ("schedules:\n  a:\n    cron: @daily", "is no YAML at line 3: found character '@'"),
        ("a: [", "is no YAML at line 1"),
        ("", "is empty; it needs the keys owner and schedules"),
        ("- a", "holds no mapping; it needs the keys owner and schedules"),
        ("owner: me\nschedules:", "schedules=: must be given"),
        ("a: 2026-02-31", "is no YAML: day is out of range"),
        ("owner: me\nschedules: &s\n  a: *s", "schedules.a.a: is no key here"),
    ],
)
def test_a_file_that_is_no_file_of_schedules(tmp_path, text, told):
    assert any(line.startswith(told) for line in complaints(tmp_path, text))


def test_a_cron_that_yaml_stumbles_over_is_shown_in_quotes(tmp_path):
    (line,) = complaints(tmp_path, "schedules:\n  a:\n    cron: * 0 0 * * *\n")
    assert line.endswith('put it in quotes: "* 0 0 * * *"')


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read \(No such file .*\); name a file"):
        file.load(tmp_path / "schedules.yaml")


def test_a_file_of_an_owner_without_schedules_is_one(tmp_path):
    assert load(tmp_path, "owner: me\nschedules: {}").schedules == {}
