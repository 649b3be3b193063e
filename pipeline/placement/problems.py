"""What pydantic finds, as lines with the user's key, the value as it is written, and the fix."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from components.storage.address import shown
from pipeline.placement.section import Clash, Keys, Section

_LONGEST = 80
_SECRETS = (("env",), ("secrets",), ("s3", "secret"), ("s3", "keys"))
_SAID = {
    "string_type": 'must be text: quote it, as in "{raw}"',
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping of {fields}",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must hold at least {min_length}",
    "too_long": "must hold at most {max_length}",
    "missing": "must be given",
}


def lines(
    path: Path, error: ValidationError, model: type[Section], root: yaml.Node | None
) -> Iterator[str]:
    """A line for each thing that is wrong with a file.

    Args:
        path: the file, for the lines to begin with.
        error: what pydantic found.
        model: what the file should have been.
        root: the file as it is written.
    """
    for keys, reason, tells in problems(error, model, root):
        yield _line(path, keys, root if tells else None, reason)


def problems(
    error: ValidationError, model: type[Section], root: yaml.Node | None = None
) -> Iterator[tuple[Keys, str, bool]]:
    """Where something is wrong, what must hold, and whether the value there tells anything."""
    for found in error.errors(include_url=False):
        keys: Keys = tuple(key for key in found["loc"] if key != "[key]")
        context = found.get("ctx", {})
        cause = context.get("error")
        if isinstance(cause, Clash):
            yield from (((*keys, *below), reason, True) for below, reason in cause.problems)
        elif found["type"] == "extra_forbidden":  # its value may be a secret
            yield keys, _no_key(model, keys), False
        else:
            raw = _written(root, keys)
            said = _SAID.get(found["type"], "{error}" if cause else found["msg"])
            if found["type"] == "string_type" and (raw is None or may_be_secret(keys)):
                said = "must be text" if raw is None else "must be text: quote it"
            fields = ", ".join(_names(_section(model, keys)))
            reason = said.format(**context, raw=_short(raw), fields=fields)
            yield keys, reason, "[key]" not in found["loc"]


def dotted(keys: Keys) -> str:
    """The keys as one name, as in `steps.all.tolerations[0].key`."""
    return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys).removeprefix(".")


def may_be_secret(keys: Keys) -> bool:
    """Whether a user may have put a secret there, above all where only its name should stand."""
    return any(keys[: len(place)] == place for place in _SECRETS)


def _line(path: Path, keys: Keys, root: yaml.Node | None, reason: str) -> str:
    raw = _written(root, keys)
    value = "" if raw is None or may_be_secret(keys) else f"={_short(raw)}"
    return f"{path}: {shown(dotted(keys))}{value}: {reason}"


def _written(root: yaml.Node | None, keys: Keys) -> str | None:
    """The value as it is written in the file; None for a mapping, a list, or nothing."""
    node = root
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            node = next((value for name, value in node.value if name.value == str(key)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key] if key < len(node.value) else None
        else:
            return None
    return node.value if isinstance(node, yaml.ScalarNode) else None


def _short(raw: str | None) -> str:
    return shown(raw or "")[:_LONGEST]


def _no_key(model: type[Section], keys: Keys) -> str:
    """Why there is no such key, and which one may be meant."""
    section = _section(model, keys[:-1])
    wrong = str(keys[-1])
    if wrong in section.refused:
        return f"is no key: {section.refused[wrong]}"
    known = _names(section)
    near = difflib.get_close_matches(wrong, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"is no key here; {hint}"


def _names(section: type[Section]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


def _section(model: type[Section], keys: Keys) -> type[Section]:
    """The model that validates what lies below the keys."""
    for key in keys:
        fields = model.model_fields.items()
        hint = next((f.annotation for name, f in fields if key in (name, f.alias)), None)
        if hint is not None:
            model = next(iter(_models(hint)), model)
    return model


def _models(hint: Any) -> Sequence[type[Section]]:
    if isinstance(hint, type) and issubclass(hint, Section):
        return [hint]
    return [model for part in get_args(hint) for model in _models(part)]
