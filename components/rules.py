"""What the values of the configuration may be."""

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from components import agreement, declared, strategies, trainer_rules
from components.agreement import METRICS
from components.failures import first_line
from components.predicates import Holds, either, number, one_of, whole
from components.resume import wanted
from components.tracking import settings as tracking

CLASSIFICATION_TYPES = ("bc", "mcc", "ml", "mc", "mmc")
NORMALIZATIONS = ("quartile", "zscore", "minmax", "none", True, False)
OPTIMIZERS = ("SGD", "Adam", "AdamW", "LAMB")

_boolean = one_of(True, False)

RULES: dict[str, tuple[Holds, str]] = {
    "classification_type": (one_of(*CLASSIFICATION_TYPES), "one of bc, mcc, ml, mc, mmc"),
    "seed": (whole(0, 2**32 - 1), "an integer from 0 to 4294967295"),
    "head": (_boolean, "true or false"),
    "freeze_backbone": (_boolean, "true or false"),
    "from_scratch": (_boolean, "true or false"),
    "layerwise_lr_decay": (number(0, 1, open_low=True), "a number above 0 and up to 1"),
    "layerwise_lr_stem": (one_of("decayed", "base"), "decayed or base"),
    "checkpoint.min_coverage": (number(0, 1), "a share from 0 to 1"),
    "optimizer.optim": (one_of(*OPTIMIZERS), "one of " + ", ".join(OPTIMIZERS)),
    "optimizer.lr": (number(0, open_low=True), "a number above 0"),
    "optimizer.weight_decay": (number(0), "a number of at least 0"),
    "optimizer.decay_all": (_boolean, "true or false"),
    "optimizer.options": (OmegaConf.is_dict, "a mapping, as in {momentum: 0.9}"),
    "scheduler.interval": (one_of("step", "epoch"), "step or epoch"),
    "trainer.max_epochs": (
        either(None, either(-1, whole(1))),
        "an integer of at least 1, or -1 with trainer.max_steps",
    ),
    "trainer.max_steps": (
        either(-1, whole(1)),
        "an integer of at least 1, or -1 for no such limit",
    ),
    "trainer.accumulate_grad_batches": (whole(1), "an integer of at least 1"),
    "trainer.num_nodes": (
        one_of(1),
        "1: several nodes train together on a cluster alone; set `nodes` in the placement profile "
        "and use `biotune submit`",
    ),
    "data.batch_size": (whole(1), "an integer of at least 1"),
    "data.num_workers": (whole(0), "an integer of at least 0"),
    "data.nonfinite_channels": (one_of("refuse", "mask"), "refuse or mask"),
    "data.constant_channels": (one_of("keep", "refuse", "mask"), "keep, refuse or mask"),
    "data.allow_subject_overlap": (_boolean, "true or false"),
    "data.allow_signal_mismatch": (_boolean, "true or false"),
    "data.folds": (
        either(None, either("subject", whole(2))),
        "an integer of at least 2, subject, or null for none",
    ),
    "data.fold": (either(None, whole(1)), "an integer of at least 1, or null"),
    "data.fold_seed": (whole(0, 2**32 - 1), "an integer from 0 to 4294967295"),
    "data.fold_val": (number(0, 1, open_low=True), "a share above 0 and up to 1"),
    "promotion.metric": (one_of(*METRICS), "one of " + ", ".join(METRICS)),
    "promotion.margin": (number(0, 1e308), "a number of at least 0"),
    "compile": (_boolean, "true or false"),
    "gradient_checkpointing": (_boolean, "true or false"),
    "matmul_precision": (one_of("highest", "high", "medium"), "highest, high or medium"),
    "nonfinite": (one_of("stop", "skip"), "stop or skip"),
    "allow_targets": (
        lambda value: OmegaConf.is_list(value) and all(type(name) is str for name in value),
        "a list of import paths, as in [my_package.MyModel]",
    ),
    "evaluation.bootstrap": (whole(0), "an integer of at least 0"),
    "input_normalization.normalize": (
        one_of(*NORMALIZATIONS),
        "quartile (or true), zscore, minmax or none (or false)",
    ),
    **wanted.RULES,
    **strategies.RULES,
    **trainer_rules.RULES,
    **tracking.RULES,
}


def check(config: DictConfig) -> list[str]:
    """Holds every key and ruled value against its rule; the objective checks its own arguments.

    Returns:
        One line for each key that does not exist, and each value that is missing or breaks a rule.
    """
    findings = declared.findings(config)
    findings += [line for key in RULES if (line := _broken(config, key))]
    if OmegaConf.is_missing(config, "num_classes"):
        findings.append("num_classes is not set; give num_classes=... (how many the labels have)")
    try:
        findings += agreement.findings(config) + strategies.findings(config)
        findings += trainer_rules.findings(config)
        return findings + tracking.findings(config.get("tracking") or {})
    except OmegaConfBaseException:  # an interpolation that leads nowhere: `config.resolved` tells
        return findings


def _broken(config: DictConfig, key: str) -> str | None:
    holds, wanted = RULES[key]
    parent, _, leaf = key.rpartition(".")
    try:
        node = OmegaConf.select(config, parent) if parent else config
        if not OmegaConf.is_dict(node) or leaf not in node:
            return f"{key} is not set; give {key}=... ({wanted})"
        value = node[leaf]
    except OmegaConfBaseException as error:
        return f"{key}: {first_line(error)}"
    return None if holds(value) else f"{key}={value}: must be {wanted}"
