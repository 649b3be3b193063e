"""The file that describes the schedules: read, and everything wrong with it told at once."""

from datetime import UTC
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from components.failures import Findings, InputError
from pipeline.package import Request
from pipeline.schedule import complaints, cron, document, trigger

NAME = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
Name = Annotated[StrictStr, Field(pattern=f"^{NAME}$")]
Text = Annotated[StrictStr, Field(min_length=1)]


def _cron(expression: str) -> str:
    """An expression as it goes to Kubeflow: with single blanks, and known to fire."""
    if expression.startswith(trigger.EVERY):
        trigger.seconds(expression.removeprefix(trigger.EVERY))
    else:
        cron.parse(expression)
    return " ".join(expression.split())


def _every(duration: str) -> str:
    trigger.seconds(duration)
    return duration


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Schedule(_Model):
    """One schedule: when to retrain, what on what, and how it stands to its former runs."""

    cron: Annotated[StrictStr, AfterValidator(_cron)] | None = None
    every: Annotated[StrictStr, AfterValidator(_every)] | None = None
    checkpoint: Text
    dataset: Text
    registry: StrictStr = ""
    overrides: tuple[Text, ...] = ()
    seeds: tuple[Annotated[StrictInt, Field(ge=0)], ...] = ()
    profile: Path | None = None
    parameters: dict[StrictStr, JsonValue] = Field(default_factory=dict)
    paused: StrictBool = False
    catchup: StrictBool = False
    concurrency: Annotated[StrictInt, Field(ge=1, le=10)] = 1  # as Kubeflow bounds it
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None

    @model_validator(mode="after")
    def _fires(self):
        if (self.cron is None) == (self.every is None):
            raise ValueError('give one of cron ("0 0 2 * * MON-FRI") and every (12h)')
        if self.start and self.end:
            if self.end <= self.start:
                raise ValueError("end must be later than start")
            if not self.trigger.firings(self.start, since=self.start):
                raise ValueError("never fires between start and end; widen them")
        return self

    @property
    def trigger(self) -> trigger.Trigger:
        """When it fires."""
        start, end = (moment and moment.astimezone(UTC) for moment in (self.start, self.end))
        every = self.every
        if self.cron and self.cron.startswith(trigger.EVERY):
            every = self.cron.removeprefix(trigger.EVERY)
        if every:
            return trigger.Trigger(every=trigger.seconds(every), start=start, end=end)
        return trigger.Trigger(cron=self.cron, start=start, end=end)


class File(_Model):
    """What a file of schedules holds.

    Attributes:
        owner: marks what this file manages in a namespace; others' schedules are never touched.
        experiment: Kubeflow's experiment that the runs stand in.
        profile: of every schedule that names no other; relative to the file.
        schedules: by name.
    """

    owner: Name
    experiment: Text = "biotune"
    profile: Path | None = None
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
            overrides=schedule.overrides,
            seeds=schedule.seeds,
            registry=schedule.registry,
            profile=profile and folder / profile,
            parameters=schedule.parameters,
        )


def load(path: Path) -> File:
    """Reads a file of schedules.

    Raises:
        Findings: a line for each thing that is wrong: file, key, value, what to do.
        InputError: there is no such file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8; give a YAML file") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give the file of schedules") from error
    content = document.parse(text, path)
    try:
        return File.model_validate(content)
    except ValidationError as error:
        lines = complaints.lines(error, File)
        raise Findings([f"{path}: {line}" for line in lines]) from error
