"""What the values of the configuration may be beside one another."""

from numbers import Real

from omegaconf import DictConfig, OmegaConf

METRICS = (
    *("loss", "acc", "balanced_acc", "recall", "precision", "f1_score", "cohen_kappa"),
    *("auroc", "aupr", "sensitivity", "specificity"),
)
ONLY_BINARY = ("sensitivity", "specificity")
NO_TIMM_PLATEAU = "would never move, for it gets no metric here; set scheduler=plateau"
STEPS_NOT_EPOCHS = (
    "counts epochs, but is stepped by step and would never move; set scheduler.t_in_epochs=false"
)


def findings(config: DictConfig) -> list[str]:
    """One line for each value that says nothing, or nonsense, beside another."""
    checks = (_excluded, _optimizer, _only_binary, _monitors, _scheduler, _normalization)
    return [line for check in checks for line in check(config)]


def _excluded(config: DictConfig) -> list[str]:
    """Keys that say nothing, or nonsense, beside another."""
    found = []
    if config.get("from_scratch") is True and config.get("freeze_backbone") is True:
        found.append("from_scratch=true: leaves no backbone to freeze; drop freeze_backbone")
    if config.get("from_scratch") is True and config.get("head") is True:
        found.append("head=true: from_scratch=true leaves out the checkpoint's head, too; drop one")
    if (outputs := config.get("num_outputs")) is not None and _kind(config) not in (None, "mmc"):
        found.append(
            f"num_outputs={outputs}: is of classification_type=mmc alone, not of {_kind(config)}; "
            "leave it out"
        )
    data = config.get("data") or {}
    if data.get("fold") is not None and data.get("folds") is None:
        found.append(f"data.fold={data.fold}: of how many? set data.folds, as in data.folds=5")
    return found


def _optimizer(config: DictConfig) -> list[str]:
    """The groups of parameters carry these two, whatever the optimizer is told beside them."""
    options = (config.get("optimizer") or {}).get("options")
    return [
        f"optimizer.options.{key}: would have no effect; set optimizer.{key}"
        for key in ("lr", "weight_decay")
        if OmegaConf.is_dict(options) and key in options
    ]


def _kind(config: DictConfig) -> str | None:
    missing = OmegaConf.is_missing(config, "classification_type")
    return None if missing else config.get("classification_type")


def _only_binary(config: DictConfig) -> list[str]:
    """What tells two classes apart by name is known of two classes alone."""
    if (kind := _kind(config)) in (None, "bc"):
        return []
    promotion = config.get("promotion")
    watched = {key: str(node.monitor) for key, node in _watching(config).items()}
    named = {f"{key}.monitor": monitor for key, monitor in watched.items()}
    if OmegaConf.is_dict(promotion):
        named["promotion.metric"] = str(promotion.get("metric"))
    return [
        f"{key}={name}: is known of classification_type=bc alone, not of {kind}; "
        f"set {key}={name.removesuffix(metric)}balanced_acc, say"
        for key, name in named.items()
        if (metric := name.removeprefix("val_").removeprefix("train_")) in ONLY_BINARY
    ]


def _watching(config: DictConfig) -> dict[str, DictConfig]:
    """The callbacks and the scheduler that watch a metric, by key."""
    callbacks = config.get("callbacks") or {}
    nodes = {f"callbacks.{name}": node for name, node in callbacks.items()}
    nodes["scheduler"] = config.get("scheduler")
    return {
        key: node for key, node in nodes.items() if OmegaConf.is_dict(node) and "monitor" in node
    }


def _monitors(config: DictConfig) -> list[str]:
    """What callbacks and scheduler watch must be a metric, and the better end of it."""
    known = [f"{split}_{metric}" for split in ("val", "train") for metric in METRICS]
    found = []
    for key, node in _watching(config).items():
        better = "min" if str(node.monitor).endswith("_loss") else "max"
        if node.monitor not in known:
            told = f"no such metric; there are {', '.join(known[:11])}"
            found.append(f"{key}.monitor={node.monitor}: {told}")
        elif (mode := node.get("mode", "min")) != better:
            found.append(f"{key}.mode={mode}: {node.monitor} needs {key}.mode={better}")
    return found


def _scheduler(config: DictConfig) -> list[str]:
    """What a scheduler is stepped by must be there in time, or it fails late or never moves."""
    node, trainer = config.get("scheduler") or {}, config.get("trainer") or {}
    target, monitor = str(node.get("_target_")), str(node.get("monitor"))
    key = f"scheduler._target_={target}"
    if target.startswith("timm.") and target.endswith(".PlateauLRScheduler"):
        return [f"{key}: {NO_TIMM_PLATEAU}"]
    if target.startswith("timm.") and node.get("t_in_epochs") is not False:
        return [f"{key}: {STEPS_NOT_EPOCHS}"]
    every = trainer.get("check_val_every_n_epoch", 1)
    if not target.endswith("ReduceLROnPlateau") or not monitor.startswith("val_") or every == 1:
        return []
    return [
        f"trainer.check_val_every_n_epoch={every}: the scheduler wants {monitor} after every "
        "epoch; set 1, or another scheduler"
    ]


def _normalization(config: DictConfig) -> list[str]:
    settings = config.get("input_normalization") or {}
    if settings.get("normalize") not in ("quartile", True):
        return []
    keys = [f"quartile_normalization_{end}_val" for end in ("lower", "upper")]
    bounds = {f"input_normalization.{key}": settings.get(key) for key in keys}
    found = [
        f"{key}={value}: quartile normalization needs a number; `biotune inspect DATASET` shows it"
        for key, value in bounds.items()
        if not isinstance(value, Real) or isinstance(value, bool)
    ]
    lower, upper = bounds.values()
    if not found and not lower < upper:
        found.append(
            f"input_normalization: the lower quartile value {lower} must be below the upper {upper}"
        )
    return found
