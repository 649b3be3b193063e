"""The keys that `components/conf` declares: what is not among them would have no effect.

Hydra refuses an unknown key on the command line, but not one in a user's own YAML file.
"""

import difflib
from functools import cache
from importlib import resources

from omegaconf import DictConfig, OmegaConf

# Nodes with the very keys that Biotune reads; "" is the top level. The others hold the arguments
# of a class, which says itself what it takes.
CLOSED = (
    *("", "checkpoint", "data", "evaluation", "input_normalization", "model.signal", "objectives"),
    *("optimizer", "promotion", "resume", "tracking"),
)


@cache
def _declared() -> DictConfig:
    """The shipped files put together, without what overrides and other options change."""
    conf = resources.files("components.conf")
    whole = OmegaConf.create((conf / "config.yaml").read_text())
    for group in whole.pop("defaults"):
        if OmegaConf.is_dict(group):
            ((name, option),) = group.items()
            file = conf / name / f"{option}.yaml"
            whole[name] = OmegaConf.create(file.read_text()) if option else None
    whole.pop("experiment")  # its keys lie at the top
    return whole


def keys(node: str) -> list[str]:
    """The keys of a closed node."""
    return [str(key) for key in (OmegaConf.select(_declared(), node) if node else _declared())]


def findings(config: DictConfig) -> list[str]:
    """One line for each key of a closed node that is not declared."""
    found = []
    for node in CLOSED:
        held = OmegaConf.select(config, node, throw_on_resolution_failure=False) if node else config
        if OmegaConf.is_dict(held):
            known = keys(node)
            found += [unknown(node, str(key)) for key in held if str(key) not in known]
    return found


def unknown(node: str, key: str) -> str:
    """The line on a key that a closed node does not take."""
    path = f"{node}.{key}" if node else key
    near = difflib.get_close_matches(key, keys(node), n=1)
    if near:
        meant = f"{node}.{near[0]}" if node else near[0]
        return f"{path}: no such key; did you mean {meant}?"
    if not node:
        return f"{path}: no such key; {_elsewhere(key)}"
    hint = "; further arguments go into optimizer.options" if node == "optimizer" else ""
    return f"{path}: no such key; {node} takes {', '.join(keys(node))}{hint}"


def _elsewhere(key: str) -> str:
    for node, held in _declared().items_ex(resolve=False):
        if OmegaConf.is_dict(held) and key in held:
            return f"did you mean {node}.{key}?"
    return "drop it, or put it where it belongs (see components/conf/config.yaml)"
