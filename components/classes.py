"""What a tuned model's classes are called."""

from collections.abc import Mapping
from typing import Any


def names(config: Mapping[str, Any], count: int) -> list[str]:
    """Names of the classes, as the training data gave them; `class 0` and so on without.

    Args:
        config: as the model's folder holds it, which may come from anywhere.
        count: how many classes, or labels of `mc`, there are.
    """
    provenance = config.get("provenance")
    given = provenance.get("classes") if isinstance(provenance, Mapping) else None
    named = [str(name) for name in given] if isinstance(given, list) else []
    if len(named) == count == len(set(named)):
        return named
    return [f"class {index}" for index in range(count)]
