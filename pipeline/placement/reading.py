"""Reads a profile; tells everything that is wrong with it, a line each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from components.failures import Findings, InputError
from pipeline.placement.problems import lines
from pipeline.placement.profile import Profile


def load(path: Path) -> Profile:
    """Reads a profile.

    Args:
        path: the YAML file.

    Raises:
        InputError: the file cannot be read, or is no YAML.
        Findings: a line for each error in it.
    """
    root, content = _content(path)
    if not isinstance(content, dict):
        found = "is empty" if content is None else "holds no mapping"
        raise InputError(f"{path}: {found}; write keys like `runs: s3://...`, or {{}} for none")
    twice = [f"{path}: {name}: is there twice; keep one" for name in _twice(root, [], set())]
    try:
        profile = Profile.model_validate(content)
    except ValidationError as error:
        raise Findings([*twice, *lines(path, error, Profile, root)]) from None
    if twice:
        raise Findings(twice)
    return profile


def _content(path: Path) -> tuple[yaml.Node | None, Any]:
    """The document as it is written, for error lines, and as it is meant."""
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root else None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name a file") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8; name a YAML file") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" at line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}: is no YAML{line}: {error.problem}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: is no YAML: {str(error).splitlines()[0]}") from error


def _twice(node: yaml.Node | None, keys: list[str], seen: set[int]) -> Iterator[str]:
    """Keys that a mapping holds twice, of which YAML would silently take the last."""
    if node is None or isinstance(node, yaml.ScalarNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield from _twice(item, [*keys[:-1], f"{keys[-1] if keys else ''}[{i}]"], seen)
        return
    names = [str(key.value) for key, _ in node.value]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield ".".join([*keys, name])
    for name, (_, value) in zip(names, node.value, strict=True):
        yield from _twice(value, [*keys, name], seen)
