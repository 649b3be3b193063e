"""One line for what Hydra and OmegaConf say in several, with a suggestion for a misspelt key."""

import difflib
import re
from collections.abc import Iterator

from hydra import compose
from hydra.errors import (
    ConfigCompositionException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import OmegaConf

from components import declared
from components.failures import InputError, first_line


def explain(error: Exception) -> str:
    """The line to tell.

    Args:
        error: of Hydra or OmegaConf; Hydra must still be initialised.
    """
    cause: BaseException | None = error
    while cause := cause.__cause__ or cause.__context__:
        if isinstance(cause, InputError):  # of our own resolver, wrapped by OmegaConf
            return str(cause)
    text = str(error)
    if isinstance(error, MissingConfigException):
        missing = re.search(r"Could not find '([^']*)'", text)
        if missing:
            return _unknown_option(missing.group(1), text)
    if isinstance(error, OverrideParseException):
        override = error.override
        return f"override {override!r}: not of the form key=value ({text.splitlines()[0]})"
    unknown = re.search(r"Could not override '([^']*)'", text)
    if isinstance(error, ConfigCompositionException) and unknown:
        return _unknown_key(unknown.group(1))
    if isinstance(error, ValueError):  # of Hydra, which does not say of which group
        return f"a group takes the name of an option, as in scheduler=cosine ({first_line(error)})"
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def _unknown_option(name: str, text: str) -> str:
    group, _, option = name.rpartition("/")
    options = re.findall(r"^\t(.+)$", text.split("Config search path")[0], re.MULTILINE)
    return f"{group or option}={option}: no such option; there are {', '.join(options) or 'none'}"


def _unknown_key(key: str) -> str:
    config = compose("config")
    node, _, leaf = key.rpartition(".")
    if key in declared.CLOSED:  # a mapping, with something in it that is not there
        return f"{key}: holds no such key; it takes {', '.join(declared.keys(key))}"
    if node in declared.CLOSED and leaf not in declared.keys(node):
        return declared.unknown(node, leaf)
    known = list(_keys(OmegaConf.to_container(config), ""))
    if key in known:
        return f"{key}: holds no such key; +{key}.KEY=... adds one"
    # An empty mapping, such as optimizer.options, takes any key.
    taking = OmegaConf.select(config, node) == {}
    close = [] if taking else difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"+{key}=... adds a key that is not there"
    return f"{key}: no such key; {hint}"


def _keys(node: object, prefix: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield f"{prefix}{key}"
            yield from _keys(value, f"{prefix}{key}.")
