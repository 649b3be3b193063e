"""Overrides of a step that is not told the task, because a tuned model's folder says it."""

from collections.abc import Sequence
from typing import Any

SIGNAL = ("input_normalization.normalize=none",)
_TASK = {"classification_type": "mcc", "num_classes": 2}


def completed(overrides: Sequence[str], drafted: Any = None) -> list[str]:
    """The overrides of a step that no task concerns, complete without one.

    Args:
        drafted: `config.draft` of them, where that is there already.
    """
    from omegaconf import OmegaConf

    from components.config import draft

    drafted = draft(overrides) if drafted is None else drafted
    missing = [key for key in _TASK if OmegaConf.is_missing(drafted, key)]
    return [*(f"{key}={_TASK[key]}" for key in missing), *overrides]
