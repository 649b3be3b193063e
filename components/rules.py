"""What the values of the configuration may be."""

from collections.abc import Callable
from numbers import Real
from typing import Any

from omegaconf import DictConfig, OmegaConf

CLASSIFICATION_TYPES = ("bc", "mcc", "ml", "mc", "mmc")
NORMALIZATIONS = ("quartile", "zscore", "minmax", "none", True, False)
OPTIMIZERS = ("SGD", "Adam", "AdamW", "LAMB")
METRICS = (
    *("loss", "acc", "balanced_acc", "recall", "precision", "f1_score", "cohen_kappa"),
    *("auroc", "aupr", "sensitivity", "specificity"),
)


def _number(low: float, high: float = float("inf"), *, open_low: bool = False) -> Callable:
    def holds(value: Any) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        return (low < value if open_low else low <= value) and value <= high

    return holds


def _whole(low: int) -> Callable:
    return lambda value: type(value) is int and value >= low


def _one_of(*options: Any) -> Callable:
    # `1 == True` in Python, but the number 1 is no spelling of true.
    return lambda value: any(value == o and type(value) is type(o) for o in options)


_boolean = _one_of(True, False)

RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "classification_type": (
        _one_of(*CLASSIFICATION_TYPES),
        "one of " + ", ".join(CLASSIFICATION_TYPES),
    ),
    "seed": (_whole(0), "an integer of at least 0"),
    "head": (_boolean, "true or false"),
    "freeze_backbone": (_boolean, "true or false"),
    "layerwise_lr_decay": (_number(0, 1, open_low=True), "a number above 0 and up to 1"),
    "layerwise_lr_stem": (_one_of("decayed", "base"), "decayed or base"),
    "checkpoint.min_coverage": (_number(0, 1), "a share from 0 to 1"),
    "optimizer.optim": (_one_of(*OPTIMIZERS), "one of " + ", ".join(OPTIMIZERS)),
    "optimizer.lr": (_number(0, open_low=True), "a number above 0"),
    "optimizer.weight_decay": (_number(0), "a number of at least 0"),
    "optimizer.decay_all": (_boolean, "true or false"),
    "data.batch_size": (_whole(1), "an integer of at least 1"),
    "data.num_workers": (_whole(0), "an integer of at least 0"),
    "data.allow_subject_overlap": (_boolean, "true or false"),
    "data.allow_signal_mismatch": (_boolean, "true or false"),
    "evaluation.bootstrap": (_whole(0), "an integer of at least 0"),
    "input_normalization.normalize": (
        _one_of(*NORMALIZATIONS),
        "quartile (or true), zscore, minmax or none (or false)",
    ),
}


def check(config: DictConfig) -> list[str]:
    """Holds every ruled value against its rule; the objective checks its own arguments.

    Returns:
        One line for each value that is missing or breaks its rule.
    """
    findings = []
    for key, (holds, wanted) in RULES.items():
        parent, _, leaf = key.rpartition(".")
        node = OmegaConf.select(config, parent) if parent else config
        if OmegaConf.is_missing(node, leaf):
            findings.append(f"{key} is not set; give {key}=... ({wanted})")
        elif not holds(value := node[leaf]):
            findings.append(f"{key}={value}: must be {wanted}")
    if OmegaConf.is_missing(config, "num_classes"):
        findings.append("num_classes is not set; give num_classes=... (how many the labels have)")
    return findings + _monitors(config) + _normalization(config)


def _monitors(config: DictConfig) -> list[str]:
    """What callbacks and scheduler watch must be a metric, or the first epoch was for nothing."""
    nodes = {f"callbacks.{name}": node for name, node in config.callbacks.items() if node}
    nodes["scheduler"] = config.scheduler
    known = [f"{split}_{metric}" for split in ("val", "train") for metric in METRICS]
    return [
        f"{key}.monitor={node.monitor}: no such metric; there are {', '.join(known[:11])}"
        for key, node in nodes.items()
        if "monitor" in node and node.monitor not in known
    ]


def _normalization(config: DictConfig) -> list[str]:
    settings = config.input_normalization
    if settings.normalize not in ("quartile", True):
        return []
    bounds = {
        f"input_normalization.quartile_normalization_{end}_val": settings[
            f"quartile_normalization_{end}_val"
        ]
        for end in ("lower", "upper")
    }
    findings = [
        f"{key}={value}: quartile normalization needs a number; `biotune inspect DATASET` shows it"
        for key, value in bounds.items()
        if not isinstance(value, Real)
    ]
    lower, upper = bounds.values()
    if not findings and not lower < upper:
        findings.append(
            f"input_normalization: the lower quartile value {lower} must be below the upper {upper}"
        )
    return findings
