"""What a run repeats: training and test, for several seeds or the folds of a cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass

FOLD, SEED = "fold", "seed"


@dataclass(frozen=True)
class Repeat:
    """One training and its test.

    Attributes:
        kind: `seed` or `fold`, which is also the input of finetune that takes the number.
        number: the seed, or the fold's number from 1 on.
    """

    kind: str
    number: int

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.kind} {self.number}"

    @property
    def below(self) -> str:
        """The folder below a run's that takes what it makes."""
        return f"{self.kind}-{self.number}/"

    @property
    def inputs(self) -> dict[str, int]:
        """What finetune is given."""
        return {self.kind: self.number}

    @property
    def of_test(self) -> dict[str, int]:
        """What evaluate is given: the seed is the model's, the fold the test's too."""
        return self.inputs if self.kind == FOLD else {}


def repeats(seeds: Sequence[int] = (), folds: int = 0) -> list[Repeat]:
    """All of a run's, none where it trains and tests once."""
    numbered = [Repeat(FOLD, number) for number in range(1, folds + 1)]
    return numbered or [Repeat(SEED, seed) for seed in seeds]
