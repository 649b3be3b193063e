"""How long a training is, and what the durations of a scheduler mean in it; no torch is needed."""

import math
import re
from collections.abc import Mapping
from typing import Any

from components.failures import InputError

DURATION = r"(\d+\.?\d*)\s*(%|epoch|step|)s?"


def in_counts(
    node: Mapping[str, Any], interval: str, *, steps: float, per_epoch: int
) -> dict[str, Any]:
    """Turns durations such as `3 epochs`, `5 %` and `rest` into what the scheduler counts.

    Args:
        node: the scheduler's arguments.
        interval: step or epoch; a bare number is that many of them.
        steps: optimizer steps of the whole training.
        per_epoch: optimizer steps of an epoch.

    Raises:
        InputError: no duration, or a share of a training without a known length.
    """
    of_step = 1.0 if interval == "step" else 1 / per_epoch
    units = {"%": steps * of_step / 100, "epoch": per_epoch * of_step, "step": of_step, "": 1.0}
    turned = dict(node)
    for key, value in node.items():
        if isinstance(value, str) and (found := re.fullmatch(DURATION, value)):
            turned[key] = _rounded(key, value, float(found.group(1)) * units[found.group(2)])
    warm_up = turned.get("warmup_t", 0)
    if not isinstance(warm_up, int) or warm_up < 0:
        raise InputError(f"scheduler.warmup_t={warm_up}: give steps, or say `3 epochs` or `5 %`")
    rest = (key for key, value in turned.items() if value == "rest")
    return turned | {key: max(1, _rounded(key, "rest", steps * of_step - warm_up)) for key in rest}


def _rounded(key: str, value: str, count: float) -> int:
    if math.isinf(count):
        raise InputError(
            f"scheduler.{key}={value}: the training has no known length; set trainer.max_epochs "
            "or trainer.max_steps, or scheduler=constant"
        )
    return round(count)
