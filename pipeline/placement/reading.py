"""Reads a profile; tells everything that is wrong with it, a line each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from components.failures import Findings, InputError
from components.storage.address import shown
from pipeline.placement.problems import dotted, lines
from pipeline.placement.profile import Profile
from pipeline.placement.section import Keys

_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


def load(path: Path) -> Profile:
    """Reads a profile.

    Args:
        path: the YAML file.

    Raises:
        InputError: the file cannot be read, or is no YAML.
        Findings: a line for each error in it.
    """
    root, content, twice = _content(path)
    if not isinstance(content, dict):
        found = "is empty" if content is None else "holds no mapping"
        raise InputError(f"{path}: {found}; write keys like `runs: s3://...`, or {{}} for none")
    try:
        profile = Profile.model_validate(content)
    except ValidationError as error:
        raise Findings([*twice, *lines(path, error, Profile, root)]) from None
    if twice:
        raise Findings(twice)
    return profile


def _content(path: Path) -> tuple[yaml.Node | None, Any, list[str]]:
    """The document as it is written and as it is meant; a line for each key that is there twice."""
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        twice = [f"{path}: {shown(name)}: is there twice; keep one" for name in _keys(root)]
        return root, loader.construct_document(root) if root else None, twice
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


def _keys(node: yaml.Node | None, above: Keys = (), seen: set[int] | None = None) -> Iterator[str]:
    """Makes every key a text, as `1` and `on` are none to YAML; tells those that are there twice.

    YAML itself would silently take the last of two.
    """
    seen = set() if seen is None else seen
    if node is None or isinstance(node, yaml.ScalarNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _keys(item, (*above, index), seen)
        return
    names: set[str] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
            key.tag = _TEXT
            if key.value in names:
                yield dotted((*above, key.value))
            names.add(key.value)
        yield from _keys(value, (*above, str(key.value)), seen)
