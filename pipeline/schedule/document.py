"""YAML read strictly: a key that is there twice is an error, where PyYAML keeps the last."""

from pathlib import Path
from typing import Any

import yaml

from components.failures import Findings, InputError


def parse(text: str, path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Args:
        text: the file's content.
        path: names the file in errors.

    Raises:
        Findings: keys that are there twice, a line each.
        InputError: it is no YAML, or no mapping.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise InputError(f"{path}: is no mapping; it needs the keys owner and schedules")
        twice = _twice(node)
        if twice:
            raise Findings([f"{path}: {line}" for line in twice])
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" line {mark.line + 1}, column {mark.column + 1}:" if mark else ""
        hint = _hint(text, mark)
        raise InputError(f"{path}:{where} {error.problem or error.context}{hint}") from error
    except (yaml.YAMLError, ValueError) as error:  # a ValueError: a date such as 2026-02-31
        problem = str(error).splitlines()[0]
        raise InputError(f"{path}: {problem}; correct it") from error


def _hint(text: str, mark: yaml.Mark | None) -> str:
    """What to do where a value begins with a sign that YAML keeps for itself, as crons do."""
    if mark is None or mark.line >= len(text.splitlines()):
        return ""
    value = text.splitlines()[mark.line].partition(": ")[2].strip()
    return f'; put it in quotes: "{value}"' if value.startswith(("@", "*")) else ""


def _twice(node: yaml.Node) -> list[str]:
    """A line for each key that a mapping holds twice, however deep."""
    found: list[str] = []
    seen: set[int] = set()  # an alias may lead back to where it stands

    def visit(node: yaml.Node, at: str) -> None:
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            return
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                visit(item, at)
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            name, line = f"{at}{key.value}", key.start_mark.line + 1
            if name in lines:
                found.append(f"{name}: is there twice (lines {lines[name]} and {line}); keep one")
            lines[name] = line
            visit(value, f"{name}.")

    visit(node, "")
    return found
