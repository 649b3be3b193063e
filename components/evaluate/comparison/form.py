"""The form of the records that a comparison reads: the parts of them that its page shows."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from components.flaws import KINDS
from components.folds.form import Subject
from components.records import Number, Part

Bounds = list[Number]


class Metrics(Part, extra="allow"):
    """Numbers by name, and why some are none."""

    undefined: dict[str, Any] | None = None
    __pydantic_extra__: dict[str, Number] = Field(init=False)


class Provenance(Part):
    """What was trained from what."""

    test_fingerprint: str


class Flaw(Part):
    """Where one kind of flaw was found, and what was done about it."""

    done: str
    windows: dict[str, int]


class Split(Part):
    """Size and flaws of a split."""

    windows: Number = None
    flaws: dict[Literal[KINDS], Flaw] | None = None


class Matrix(Part):
    """Counts, rows the truth."""

    labels: list[Any] | None = None
    matrix: list[list[float]] | None = None

    @model_validator(mode="after")
    def _square(self) -> Self:
        counts = self.matrix or []
        if any(len(row) != len(counts) for row in counts):
            raise ValueError("matrix: must be square")
        return self


class Class(Part):
    """How well a class was told from the rest."""

    support: Number = None


class Rate(Part):
    """How a part of the model learns."""

    lr: Number = None


class Evaluated(Part):
    """What a test's numbers depend on."""

    settings: dict[str, Any] | None = None


class Details(Part):
    """`details.json` of an evaluation; what else it holds is not compared."""

    metrics: Metrics
    provenance: Provenance
    intervals: dict[str, Bounds | None] | None = None
    by_subject: list[Subject] | None = None
    per_class: list[Class] | None = None
    confusion: list[Matrix] | None = None
    data: dict[str, Split] | None = None
    history: list[dict[str, Number]] | None = None
    learning_rates: list[Rate] | None = None
    notices: list[Any] | None = None
    evaluated: Evaluated | None = None


class Spread(Part):
    """A metric over seeds or folds."""

    mean: Number
    std: Number
    interval: Bounds | None = None


class Folds(Part):
    """`summary.json` of a cross-validation."""

    of: int = Field(ge=1)
    seed: int
    data: str
    metrics: dict[str, Spread]


class Seeds(Part):
    """`summary.json` of several seeds."""

    seeds: Annotated[list[int], Field(min_length=1)]
    metrics: dict[str, Spread]
