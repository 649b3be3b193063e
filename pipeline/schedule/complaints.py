"""What pydantic finds wrong, in our words: the key, the value, what to write."""

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError

_NAME = "use lower-case letters, digits and hyphens, at most 63 of them, as in emg-nightly"
_WORDS = {
    "missing": "missing; add it",
    "string_type": "must be text; put it in quotes",
    "string_too_short": "is empty; give it or leave it out",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "timezone_aware": "needs its time zone, as in 2026-12-01T00:00:00Z",
    "path_type": "must be a path",
    "string_pattern_mismatch": _NAME,
}
_MOMENT = "must be a moment with its time zone, as in 2026-12-01T00:00:00Z"


def lines(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """A line for each error: `schedules.nightly.concurrency=20: must be 10 or less`.

    Args:
        error: what pydantic raised.
        model: that it raised it for.
    """
    return [_line(item, model) for item in error.errors(include_url=False)]


def _line(item: dict[str, Any], model: type[BaseModel]) -> str:
    place = [part for part in item["loc"] if part != "[key]"]
    key = ".".join(str(part) for part in place)
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        known = _siblings(model, place)
        near = difflib.get_close_matches(str(place[-1]), known, n=1)
        return f"{key}: unknown key; " + (
            f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        )
    if "[key]" in item["loc"] and kind != "string_type":
        return f"{key}: the name is wrong; {_NAME}"
    if kind == "value_error":
        words = str(context["error"])
    elif kind.startswith(("datetime", "date_")):
        words = _MOMENT
    else:
        words = _WORDS.get(kind, item["msg"]).format(**context)
    return f"{key}{_shown(item['input'])}: {words}"


def _shown(value: Any) -> str:
    """The value, where it is short enough to be told."""
    if value is None or isinstance(value, (dict, BaseModel)):
        return ""
    text = str(value)
    return f"={text if text.isprintable() and len(text) <= 80 else text[:60].strip() + '...'}"


def _siblings(model: type[BaseModel], place: list[str | int]) -> list[str]:
    """The keys that are known where an unknown one stands."""
    from pipeline.schedule.file import Schedule

    return list((model if len(place) == 1 else Schedule).model_fields)
