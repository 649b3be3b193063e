"""YAML read strictly: a key that is there twice is an error, where PyYAML keeps the last."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from components.failures import Findings, InputError

_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


def read(path: Path) -> tuple[dict[str, Any], yaml.Node]:
    """The mapping that a YAML file holds: as it is meant, and as it is written.

    Raises:
        Findings: keys that are there twice, a line each.
        InputError: there is no such file, it is no YAML, or no mapping.
    """
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise InputError(f"{path}: is no mapping; it needs the keys owner and schedules")
        twice = [f"{path}: {line}" for line in _twice(root, "", set())]
        if twice:
            raise Findings(twice)
        return loader.construct_document(root), root
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name the file of schedules") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8; name a YAML file") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at line {mark.line + 1}" if mark else ""
        hint = _hint(text, mark)
        problem = error.problem or error.context
        raise InputError(f"{path}: is no YAML{where}: {problem}{hint}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        # A ValueError is a date that no calendar has.
        raise InputError(f"{path}: is no YAML: {str(error).splitlines()[0]}") from error


def _hint(text: str, mark: yaml.Mark | None) -> str:
    """What to do where a value begins with a sign that YAML keeps for itself, as crons do."""
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return ""
    value = lines[mark.line].partition(": ")[2].strip()
    return f'; put it in quotes: "{value}"' if value.startswith(("@", "*")) else ""


def _twice(node: yaml.Node, at: str, seen: set[int]) -> Iterator[str]:
    """Makes every key a text, as `1` is none to YAML; tells those that are there twice.

    An alias may lead back to where it stands, hence `seen`.
    """
    if isinstance(node, yaml.ScalarNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(item, at, seen)
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        name, line = f"{at}{key.value}", key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
            key.tag = _TEXT
            if name in lines:
                yield f"{name}: is there twice (lines {lines[name]} and {line}); keep one"
            lines[name] = line
        yield from _twice(value, f"{name}.", seen)
