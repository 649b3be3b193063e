"""What was found in a checkpoint file, whatever its format."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from components.checkpoint.tensors import TensorRef

_LONGEST_NAME = 512
_LONGEST_TEXT = 200
_MOST_METADATA = 32


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint file, open for reading its tensors.

    Attributes:
        uri: as given.
        format: "lightning", "state dict", "safetensors" or "sharded safetensors".
        tensors: by name, in the file's order.
        metadata: plain values that were saved beside the tensors, such as epoch and global_step.
        foreign: pickled names that were made inert, sorted.
        others: names in the state dict whose values are no plain tensors.
    """

    uri: str
    format: str
    tensors: dict[str, TensorRef]
    metadata: dict[str, str | int | float | bool]
    foreign: list[str]
    others: list[str]


def require_readable_names(names: Iterable[Any]) -> None:
    """Refuses names of tensors that could not be printed or saved.

    Raises:
        ValueError: for the first of them.
    """
    for name in names:
        if type(name) is not str or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise ValueError(f"a tensor has the name {ascii(name)[:80]}")


def plain_metadata(values: Mapping[Any, Any]) -> dict[str, str | int | float | bool]:
    """Of `values`, the first few short texts and finite numbers."""
    found = {}
    for key, value in values.items():
        if type(key) is str and printable(key) == key and _is_plain(value):
            found[key] = value
    return dict(list(found.items())[:_MOST_METADATA])


def printable(text: str) -> str:
    """The text on one line, of bounded length."""
    shows = len(text) <= _LONGEST_TEXT and text.isprintable()
    return text if shows else ascii(text[:_LONGEST_TEXT])[:_LONGEST_TEXT]


def _is_plain(value: Any) -> bool:
    if type(value) is str:
        return printable(value) == value
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is bool or (type(value) is int and abs(value) < 2**63)
