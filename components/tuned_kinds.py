"""Of what kind the values of a tuned model's `config.yaml` are, which anybody may have changed."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from components.failures import InputError

_MOST_LOGITS = 1_000_000


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _each(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: _mapping(value) and all(map(kind, value.values()))


def _amount(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value > 0


# What is read of it, beside what classes are given, which look at it themselves; null is nothing.
KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "classification_type": (_text, "a text"),
    "channels": (_texts, "a list of texts"),
    "subjects": (_each(_texts), "a list of texts for each split"),
    "provenance": (_mapping, "keys and values"),
    "provenance.classes": (_texts, "a list of texts"),
    "provenance.data": (_each(_mapping), "keys and values for each split"),
    "model.licence": (_text, "a text"),
    "model.signal": (_mapping, "keys and values"),
    "model.signal.channels": (_amount, "a number above 0"),
    "model.signal.window": (_amount, "a number above 0"),
    "model.signal.sampling_rate": (_amount, "a number above 0"),
    "model.signal.unit": (_text, "a text"),
}


def require(config: Mapping[str, Any], where: str) -> None:
    """Returns if a tuned model's configuration holds what its readers take for granted.

    Args:
        where: what a message begins with.

    Raises:
        InputError: a value is of another kind; with its key.
    """
    for key, (right, kind) in KINDS.items():
        value: Any = config
        for name in key.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None and not right(value):
            raise InputError(f"{where}{key}={value!r:.80}: must be {kind}; was the file changed?")
    counts = (config["objective"].get(key) for key in ("num_classes", "num_outputs"))
    logits = math.prod(count for count in counts if _amount(count))  # others are refused later
    if logits > _MOST_LOGITS:
        raise InputError(
            f"{where}objective.num_classes: there would be {logits:,} logits; was the file changed?"
        )
