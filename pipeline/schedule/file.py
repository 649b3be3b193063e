"""The file that describes the schedules: read, and everything wrong with it told at once."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    model_validator,
)

from pipeline.package import Request
from pipeline.placement import reading
from pipeline.placement.section import Clash, Section
from pipeline.schedule import cron, trigger

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            "must be at most 63 lower-case letters, digits and inner hyphens, as in emg-nightly"
        )
    return text


def _some(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; give it, or leave the key out")
    return text


def _cron(expression: str) -> str:
    """An expression as it goes to Kubeflow: with single blanks, and known to fire."""
    expression = " ".join(expression.split())
    if expression.startswith(trigger.EVERY):
        trigger.seconds(expression.removeprefix(trigger.EVERY))
    else:
        cron.parse(expression)
    return expression


def _duration(text: str) -> str:
    trigger.seconds(text)
    return text


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError("must be a moment with its time zone, as in 2026-12-01T00:00:00Z")
    if not 2000 <= moment.year < 3000:  # Python's calendar ends, and no firing may lie beyond it
        raise ValueError("must lie between the years 2000 and 3000")
    return moment.astimezone(UTC)


Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, AfterValidator(_some)]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class Schedule(Section):
    """One schedule: when to retrain, what on what, and how it stands to its former runs."""

    cron: Annotated[str, AfterValidator(_cron)] = ""
    every: Annotated[str, AfterValidator(_duration)] = ""
    checkpoint: Text
    dataset: Text
    registry: str = ""
    overrides: list[Text] = Field(default_factory=list)
    seeds: list[Annotated[int, Field(ge=0)]] = Field(default_factory=list)
    profile: Text | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    paused: bool = False
    catchup: bool = False
    concurrency: Annotated[int, Field(ge=1, le=10)] = 1  # as Kubeflow bounds it
    start: Moment | None = None
    end: Moment | None = None

    @model_validator(mode="after")
    def _fires(self):
        if bool(self.cron) == bool(self.every):
            raise ValueError('needs one of cron, as in "0 0 2 * * MON-FRI", and every, as in 12h')
        if self.start and self.end:
            if self.end <= self.start:
                raise Clash([(["end"], "must be later than start")])
            if not self.trigger.firings(self.start, since=self.start):
                raise Clash([(["end"], "comes before the first firing after start; widen them")])
        return self

    @property
    def trigger(self) -> trigger.Trigger:
        """When it fires; `@every 12h` means the same as `every: 12h`."""
        every = self.every
        if self.cron.startswith(trigger.EVERY):
            every = self.cron.removeprefix(trigger.EVERY)
        if every:
            return trigger.Trigger(every=trigger.seconds(every), start=self.start, end=self.end)
        return trigger.Trigger(cron=self.cron, start=self.start, end=self.end)


class File(Section):
    """What a file of schedules holds.

    Attributes:
        owner: marks what this file manages in a namespace; others' schedules are never touched.
        experiment: Kubeflow's experiment that the runs stand in.
        profile: of every schedule that names no other; relative to the file.
        schedules: by name.
    """

    owner: Name
    experiment: Text = "biotune"
    profile: Text | None = None
    schedules: dict[Name, Schedule]

    def request(self, name: str, folder: Path) -> Request:
        """What a schedule's runs are asked to do.

        Args:
            name: one of `schedules`.
            folder: the one that paths of profiles are relative to.
        """
        schedule = self.schedules[name]
        profile = schedule.profile or self.profile
        return Request(
            checkpoint=schedule.checkpoint,
            dataset=schedule.dataset,
            overrides=tuple(schedule.overrides),
            seeds=tuple(schedule.seeds),
            registry=schedule.registry,
            profile=folder / profile if profile else None,
            parameters=schedule.parameters,
        )


def load(path: Path) -> File:
    """Reads a file of schedules.

    Raises:
        Findings: a line for each thing that is wrong: file, key, value, what to do.
        InputError: it cannot be read, or is no YAML.
    """
    return reading.read(path, File, "it needs the keys owner and schedules")
