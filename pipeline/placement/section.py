"""What all parts of a profile have in common: closed, strict, unchangeable."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

Keys = tuple[str | int, ...]


class Section(BaseModel):
    """A mapping of the profile; a key that is there without a value counts as not there.

    Attributes:
        refused: why a key that users look for is none, in the words of the error.
    """

    # Strict: `tag: 1.10` is the number 1.1 to YAML and `DEBUG: on` is true; neither is text.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)

    refused: ClassVar[dict[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _without_empty_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None}


class Clash(ValueError):
    """Values that are right one by one and wrong together.

    Args:
        problems: for each, the keys down to the value, below the section that tells it, and what
            must hold.
    """

    def __init__(self, problems: Iterable[tuple[Sequence[str | int], str]]) -> None:
        self.problems = tuple((tuple(keys), reason) for keys, reason in problems)
        super().__init__("; ".join(reason for _, reason in self.problems))
