"""Reads YAML that users write; tells everything that is wrong with it, a line each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from components.failures import Findings, InputError
from components.storage.address import shown
from pipeline.placement.problems import dotted, lines
from pipeline.placement.profile import Profile
from pipeline.placement.section import Keys, Section

_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
Read = TypeVar("Read", bound=Section)


def load(path: Path) -> Profile:
    """Reads a profile.

    Args:
        path: the YAML file.

    Raises:
        InputError: the file cannot be read, or is no YAML.
        Findings: a line for each error in it.
    """
    return read(path, Profile, "write keys like `runs: s3://...`, or {} for none")


def read(path: Path, model: type[Read], example: str) -> Read:
    """Reads a file that holds one mapping.

    Args:
        path: the YAML file.
        model: what it must be.
        example: what to write into a file that holds no mapping, to end the message.

    Raises:
        InputError: the file cannot be read, or is no YAML.
        Findings: a line for each error in it.
    """
    root, content, twice = _content(path)
    if not isinstance(content, dict):
        found = "is empty" if content is None else "holds no mapping"
        raise InputError(f"{path}: {found}; {example}")
    try:
        made = model.model_validate(content)
    except ValidationError as error:
        raise Findings([*twice, *lines(path, error, model, root)]) from None
    if twice:
        raise Findings(twice)
    return made


def _content(path: Path) -> tuple[yaml.Node | None, Any, list[str]]:
    """The document as it is written and as it is meant; a line for each key that is there twice."""
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        twice = [f"{path}: {line}" for line in _twice(root)]
        return root, loader.construct_document(root) if root else None, twice
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name a file") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8; name a YAML file") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" at line {mark.line + 1}" if mark else ""
        reason = f"{error.problem or error.context}{_quoted(text, mark)}"
        raise InputError(f"{path}: is no YAML{line}: {reason}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        # A ValueError is a date that no calendar has.
        raise InputError(f"{path}: is no YAML: {str(error).splitlines()[0]}") from error


def _quoted(text: str, mark: yaml.Mark | None) -> str:
    """What to do where a value begins with a sign that YAML keeps for itself, as crons do."""
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return ""
    value = lines[mark.line].partition(": ")[2].strip()
    return f'; put it in quotes: "{value}"' if value.startswith(("@", "*")) else ""


def _twice(node: yaml.Node | None, above: Keys = (), seen: set[int] | None = None) -> Iterator[str]:
    """Makes every key a text, as `1` and `on` are none to YAML; tells those that are there twice.

    YAML itself would silently take the last of two. An alias may lead back to where it stands,
    hence `seen`.
    """
    seen = set() if seen is None else seen
    if node is None or isinstance(node, yaml.ScalarNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _twice(item, (*above, index), seen)
        return
    found: dict[str, int] = {}
    for key, value in node.value:
        keys, line = (*above, str(key.value)), key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
            key.tag = _TEXT
            if key.value in found:
                where = f"lines {found[key.value]} and {line}"
                yield f"{shown(dotted(keys))}: is there twice ({where}); keep one"
            found[key.value] = line
        yield from _twice(value, keys, seen)
