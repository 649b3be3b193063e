"""The length of the training: whole batches, whole steps, and a schedule that fits into them."""

import math
import os
from collections.abc import Mapping
from typing import Any

from components.durations import in_counts
from components.failures import noting
from components.preflight.found import Splits

ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps", "tpu")
PRECISIONS = (
    *("16", "32", "64", "bf16", "16-true", "16-mixed", "bf16-true", "bf16-mixed"),
    *("32-true", "64-true", "transformer-engine", "transformer-engine-float16"),
)
PROCESSES = "BIOTUNE_PROCESSES"  # of all nodes together, where a cluster's profile asks for several
LIGHTNINGS = 1000  # epochs, where neither epochs nor steps are set
# Who sets one of these tries something out, or ends the training by time.
_TRIALS = ("limit_train_batches", "overfit_batches", "fast_dev_run", "max_time")


def check(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> None:
    """Holds batch size, accumulation and warm-up against the size of the train split."""
    trainer = settings["trainer"]
    for key, known in (("accelerator", ACCELERATORS), ("precision", PRECISIONS)):
        if str(trainer.get(key)) not in known:
            findings.append(f"trainer.{key}={trainer.get(key)}: must be one of {', '.join(known)}")
    steps = _limit(trainer)
    if math.isinf(steps) and not trainer.get("max_time"):
        findings.append(
            f"trainer.max_epochs={trainer['max_epochs']}: the training never ends; set it, "
            "trainer.max_steps or trainer.max_time"
        )
    elif "train" in data and (batches := _batches(data, settings, findings)):
        _schedule(batches, settings, findings)


def _limit(trainer: Mapping[str, Any]) -> float:
    """The most epochs: 0 where steps alone count, infinity where nothing ends the training."""
    epochs, endless = trainer["max_epochs"], trainer["max_steps"] == -1
    if epochs == -1:
        return math.inf if endless else 0
    return epochs or (LIGHTNINGS if endless else 0)


def _batches(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> int:
    """The batches of an epoch; 0 and a finding if there is none."""
    size, trainer = settings["data"]["batch_size"], settings["trainer"]
    devices = os.environ.get(PROCESSES) or str(trainer["devices"])
    count = int(devices) if devices.isdigit() and int(devices) else 1
    windows, uri = data["train"].header.windows, data["train"].uri
    if not (batches := windows // (size * count)):
        most, on = windows // count, f" on {count} devices" if count > 1 else ""
        findings.append(
            f"data.batch_size={size}{on}: {uri} has only {windows} windows, less than one batch; "
            f"set data.batch_size={most} or less"
        )
    return batches


def _schedule(batches: int, settings: Mapping[str, Any], findings: list[str]) -> None:
    trainer, scheduler = settings["trainer"], settings["scheduler"]
    if any(trainer.get(key) for key in _TRIALS):
        return
    if (together := trainer["accumulate_grad_batches"]) > batches:
        findings.append(
            f"trainer.accumulate_grad_batches={together}: an epoch has only {batches} batches, and "
            f"a step takes no more than those; set it to {batches} or less"
        )
        return
    per_epoch = -(-batches // together)
    ends = [per_epoch * epochs for epochs in [_limit(trainer)] if epochs]
    steps = min([*ends, *(n for n in [trainer["max_steps"]] if n > 0)], default=math.inf)
    interval = scheduler["interval"]
    with noting(findings):
        counted = in_counts(scheduler, interval, steps=steps, per_epoch=per_epoch)
        warm_up = counted.get("warmup_t", 0) * (per_epoch if interval == "epoch" else 1)
        if warm_up >= steps:
            findings.append(
                f"scheduler.warmup_t={scheduler['warmup_t']}: the warm-up takes {warm_up} steps, "
                f"and the whole training has {steps} ({per_epoch} an epoch), so that it never "
                "learns at its rate; set it to 10 %, say"
            )
