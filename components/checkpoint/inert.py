"""What stands on the stack while a pickle is read, and all that can be done to it."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_LONGEST_KEY = 4096
_MOST_ARGUMENTS = 32  # a long tuple, given again and again, would be copied as often


class Foreign:
    """Stands for an object that is of no use here."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


@dataclass(frozen=True)
class Function:
    """What a pickle may call."""

    call: Callable[..., Any]


def called(function: Any, args: Any) -> Any:
    """What comes of a call: nothing but what a `Function` makes."""
    if type(function) is Foreign:
        return Foreign(function.name)
    if type(function) is not Function or type(args) not in (tuple, list):
        raise pickle.UnpicklingError(f"it calls a {type(function).__name__}")
    if len(args) > _MOST_ARGUMENTS:
        raise pickle.UnpicklingError(f"it gives {len(args):,} arguments to a function")
    return function.call(*args)


def put(target: Any, items: list) -> None:
    """Sets items, given as keys and values in turn."""
    if type(target) is dict:
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_key(key)] = value
    elif type(target) is not Foreign:
        raise pickle.UnpicklingError(f"it sets an item of a {type(target).__name__}")


def extend(target: Any, items: list) -> None:
    """Adds items to a list."""
    if type(target) is list:
        target.extend(items)
    elif type(target) is not Foreign:
        raise pickle.UnpicklingError(f"it extends a {type(target).__name__}")


def _key(key: Any) -> Any:
    """The key, if hashing and comparing it is quick; else one of its own that equals no other."""
    if type(key) in (bool, float, type(None)):
        return key
    if (type(key) is int and abs(key) < 2**63) or (
        type(key) in (str, bytes) and len(key) <= _LONGEST_KEY
    ):
        return key
    return Foreign(type(key).__name__)
