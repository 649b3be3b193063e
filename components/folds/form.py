"""The form of the records that a comparison of two cross-validations reads."""

from typing import Literal, Self

from pydantic import Field, model_validator

from components.folds.summary import KIND
from components.records import Number, Part


class Subject(Part, extra="allow"):
    """A subject's results; whatever stands beside the name is a number, or undefined."""

    subject: str
    __pydantic_extra__: dict[str, Number] = Field(init=False)


class Tested(Part):
    """The part of `details.json` that tells each subject's results."""

    by_subject: list[Subject]


class Placed(Subject):
    """A subject's results, and the fold that it was tested in."""

    fold: int


class Column(Part):
    """A metric by fold."""

    values: list[Number]


class Folds(Part):
    """`summary.json` of a cross-validation."""

    kind: Literal[KIND]
    of: int = Field(ge=1)
    seed: int
    data: str
    by_subject: list[Placed]
    metrics: dict[str, Column]
    test_to_train: float = Field(ge=0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name, column in self.metrics.items():
            if len(column.values) != self.of:
                raise ValueError(f"metrics.{name}.values: must be {self.of}, one a fold")
        return self
