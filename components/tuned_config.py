"""A tuned model's `config.yaml`, which may come from anywhere: data, held against a list of names.

Hydra calls whatever `_target_` names. What the user's own configuration names is the user's choice;
what a folder's names must be one of the shipped classes, or be named by the user too.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from components import tuned_kinds
from components.artifacts import CONFIG
from components.failures import InputError, first_line

ALLOW = "BIOTUNE_ALLOW_TARGETS"  # further names, with commas or blanks between them
NEEDED = ("model", "objective", "input_normalization", "classification_type")
_INSTANTIATED = ("model", "objective")
_LARGEST = 2 << 20  # bytes
_LONGEST_NUMBER = 40  # characters
_MOST_VALUES = 200_000
_DEEPEST = 40
_SHIPPED = re.compile(r"\bcomponents\.(?:models|objectives)\.\w[\w.]*\b")


def read(folder: Path, allow: Collection[str] = ()) -> dict[str, Any]:
    """The configuration that a tuned model's folder holds.

    Args:
        allow: import paths that `_target_` may have beside the shipped ones.

    Raises:
        InputError: it is no such configuration, or would call something that is not allowed.
    """
    file = folder / CONFIG
    config = _loaded(file)
    if not isinstance(config, dict) or not config.keys() >= set(NEEDED):
        raise InputError(f"{file}: is not that of a tuned model; was it changed?")
    for _ in _values(config, str(file)):  # counts what aliases stand for
        pass
    allowed = shipped() | set(allow) | set(re.split(r"[,\s]+", os.environ.get(ALLOW, "")))
    for key in _INSTANTIATED:
        _require_allowed(config[key], f"{file}: {key}", allowed)
    tuned_kinds.require(config, f"{file}: ")
    return config


@cache
def shipped() -> frozenset[str]:
    """The import paths that the shipped configuration names."""
    folder = resources.files("components.conf")
    texts = [(folder / "config.yaml").read_text()]
    texts += [f.read_text() for f in (folder / "model").iterdir() if f.name.endswith(".yaml")]
    return frozenset(name for text in texts for name in _SHIPPED.findall(text))


def targets(node: Any) -> list[str]:
    """What a part of the configuration calls, beside what is shipped, sorted."""
    found = {value for path, value in _values(node, "") if path.endswith("._target_")}
    return sorted(found - shipped())


class _Plain(yaml.SafeLoader):
    """YAML of bounded cost: without merging, and with numbers that a number may be."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise yaml.constructor.ConstructorError(None, None, "it merges mappings")

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag != self.DEFAULT_SCALAR_TAG and len(node.value) > _LONGEST_NUMBER:
            raise yaml.constructor.ConstructorError(None, None, "it holds an endless number")
        return super().construct_scalar(node)


def _loaded(file: Path) -> Any:
    try:
        with file.open("rb") as stream:
            text = stream.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise InputError(f"{file}: is too large to be what its name says")
        return yaml.load(text.decode(), _Plain)
    except OSError as error:
        raise InputError(f"{file}: can't be read ({error.strerror})") from None
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise InputError(f"{file}: is no YAML ({first_line(error)[:200]})") from None
    except RecursionError:
        raise InputError(f"{file}: is nested too deeply to be a configuration") from None


def _values(node: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Every value below `node` with its path; ends where there are too many."""
    waiting, count = [(where, node, 0)], 0
    while waiting:
        path, value, depth = waiting.pop()
        count += 1
        if count > _MOST_VALUES or depth > _DEEPEST:
            raise InputError(f"{where}: holds far more than a configuration does")
        if isinstance(value, Mapping):
            waiting += ((f"{path}.{key}", held, depth + 1) for key, held in value.items())
        elif isinstance(value, (list, tuple, set)):
            waiting += ((path, held, depth + 1) for held in value)
        else:
            yield path, value


def _require_allowed(node: Any, where: str, allowed: Collection[str]) -> None:
    if not isinstance(node, dict) or not isinstance(node.get("_target_"), str):
        raise InputError(f"{where}._target_: names no class; was the file changed?")
    for path, value in _values(node, where):
        if isinstance(value, str) and "${" in value:
            raise InputError(f"{path}: refers to another value, which a resolved one never does")
        if path.endswith("._target_") and value not in allowed:
            name = str(value) if str(value).isprintable() else ascii(value)
            raise InputError(
                f"{path}={name[:100]}: is no class of Biotune's, and a file from elsewhere could "
                f"run anything by it; if you trust it, set allow_targets=[{name[:100]}] (or "
                f"{ALLOW})"
            )
