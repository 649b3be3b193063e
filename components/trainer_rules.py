"""What the values under `trainer` may be, and which of them leave nothing to choose an epoch by."""

import re
from math import isfinite
from numbers import Real
from typing import Any

from omegaconf import DictConfig, OmegaConf

from components.predicates import Holds, either, whole

_TIME = r"\d+:\d\d:\d\d:\d\d"
_UNITS = {"weeks", "days", "hours", "minutes", "seconds"}
_LENGTHS = (
    *("check_val_every_n_epoch", "max_epochs", "fast_dev_run", "limit_val_batches"),
    "overfit_batches",
)


def _finite(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)


def _share(*, none: bool) -> Holds:
    """Batches, or a share of them; whether 0 of them will do."""

    def holds(value: Any) -> bool:
        if not _finite(value) or value < 0 or (value == 0 and not none):
            return False
        return type(value) is int or value <= 1

    return lambda value: value is None or holds(value)


def _time(value: Any) -> bool:
    if OmegaConf.is_dict(value):
        return set(value) <= _UNITS and all(_finite(n) and n >= 0 for n in value.values())
    return value is None or (isinstance(value, str) and bool(re.fullmatch(_TIME, value.strip())))


_BATCHES = "a number of batches, as in 20, or a share of them, as in 0.25"

RULES: dict[str, tuple[Holds, str]] = {
    "trainer.gradient_clip_val": (
        lambda value: value is None or (_finite(value) and value >= 0),
        "a number of at least 0, or null for no clipping",
    ),
    "trainer.gradient_clip_algorithm": (
        lambda value: value in (None, "norm", "value"),
        "norm or value",
    ),
    "trainer.log_every_n_steps": (
        either(None, whole(0)),
        "an integer of at least 1, or 0 to log no steps",
    ),
    "trainer.check_val_every_n_epoch": (whole(1), "an integer of at least 1"),
    "trainer.val_check_interval": (
        lambda value: value is None or (type(value) is float and value == 1),
        "null: the history has one validation an epoch; for more of them make epochs shorter, as "
        "in trainer.limit_train_batches=0.5, and trainer.max_epochs larger",
    ),
    "trainer.max_time": (_time, "a text of days, hours, minutes and seconds, as in 00:12:00:00"),
    "trainer.limit_train_batches": (_share(none=False), f"{_BATCHES}, or null for all"),
    "trainer.limit_val_batches": (_share(none=True), f"{_BATCHES}, or null for all"),
    "trainer.overfit_batches": (_share(none=True), f"{_BATCHES}, or 0 for none"),
}


def findings(config: DictConfig) -> list[str]:
    """What watches a metric that the trainer's values leave out, or date from another epoch."""
    found = []
    names = [f"callbacks.{name}" for name in config.get("callbacks") or {}]
    for key in [*names, "scheduler"]:
        node = _value(config, key)
        if not node:
            continue
        if key != "scheduler" and (not OmegaConf.is_dict(node) or "_target_" not in node):
            found.append(
                f"{key}._target_ is not set; give the import path of a class, or choose "
                "callbacks=early_stopping, say"
            )
        elif told := _unfit(config, key, str(_value(config, f"{key}.monitor"))):
            found.append(told)
    return found


def _value(config: DictConfig, key: str) -> Any:
    # What can't be resolved is told by the rule of its own.
    return OmegaConf.select(config, key, throw_on_resolution_failure=False)


def _unfit(config: DictConfig, key: str, monitor: str) -> str | None:
    """Why what is watched has no value when it is looked at, or that of another epoch."""
    of = {name: _value(config, f"trainer.{name}") for name in _LENGTHS}
    every, epochs = of["check_val_every_n_epoch"], of["max_epochs"]
    if of["fast_dev_run"]:  # which sets the others
        return None
    if monitor.startswith("val_") and of["limit_val_batches"] == 0 and not of["overfit_batches"]:
        return (
            f"trainer.limit_val_batches=0: leaves {key}.monitor={monitor} without a value; set it "
            "to null, or watch a metric of train"
        )
    if not whole(2)(every) or key == "scheduler":
        return None
    rarely = f"trainer.check_val_every_n_epoch={every}"
    if monitor.startswith("val_") and whole(1)(epochs) and every > epochs:
        return (
            f"{rarely}: trainer.max_epochs={epochs} end before the first validation, which "
            f"{key}.monitor={monitor} is of; set it to {epochs} or less"
        )
    if monitor.startswith("train_"):
        return (
            f"{rarely}: {key}.monitor={monitor} is looked at where a validation ends, and is that "
            "of the epoch before; set it to 1, or watch a metric of val"
        )
    return None
