"""The configuration: composed once by Hydra, checked, and cut into one slice a step.

A step gets only what it depends on. A new learning rate then leaves load-checkpoint's slice as it
was, so that a cache keyed on it still holds.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_module
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from components import rules, tuned_config
from components.failures import Findings, InputError
from components.instantiation import make
from components.misconfigured import explain
from components.tracking import settings as tracking

# What lies under `model` beside the arguments of the model's constructor.
MODEL_FACTS = ("layout", "signal", "adapter", "identity", "licence")
FINETUNE_KEYS = (
    "model",
    "objective",
    "data",
    "optimizer",
    "scheduler",
    "callbacks",
    "trainer",
    "classification_type",
    "num_classes",
    "num_outputs",
    "num_logits",
    "seed",
    "from_scratch",
    "freeze_backbone",
    "layerwise_lr_decay",
    "layerwise_lr_stem",
    "input_normalization",
    "compile",
    "gradient_checkpointing",
    "matmul_precision",
    "nonfinite",
    "resume",
    "peer_timeout",
)
LOADING_KEYS = ("batch_size", "num_workers", "nonfinite_channels", "constant_channels")
FOLD_KEYS = ("folds", "fold", "fold_seed", "fold_val")  # of `data`: whose windows a split holds

OmegaConf.register_new_resolver(
    "num_logits", lambda objective: make(objective, "objective").num_logits, replace=True
)


def compose(overrides: Sequence[str] = ()) -> DictConfig:
    """Composes the configuration from `components/conf` and Hydra overrides, and checks it.

    A user's own folder of YAML files joins by `hydra.searchpath=[file:///folder]`, as in any
    Hydra application.

    Raises:
        InputError: a key, option or value that cannot be; the message names it.
    """
    config = draft(overrides)
    if findings := rules.check(config):
        raise Findings(findings)
    make(resolved(config)["objective"], "objective")
    return config


def draft(overrides: Sequence[str] = ()) -> DictConfig:
    """Composes the configuration as `compose` does, with its values unchecked."""
    GlobalHydra.instance().clear()
    with initialize_config_module("components.conf", version_base="1.3"):
        try:
            return hydra_compose("config", overrides=list(overrides))
        except (HydraException, OmegaConfBaseException, OSError, ValueError) as error:
            raise InputError(explain(error)) from error


def for_step(step: str, config: DictConfig) -> dict[str, Any]:
    """The resolved part of the configuration that one step depends on, as plain JSON data.

    Args:
        step: `load_checkpoint` (whose `manifest` preflight adds), `finetune`, `evaluate` or
            `promote` (whose `attempt` preflight adds).
    """
    plain = resolved(config)
    if step == "load_checkpoint":
        return {"head": plain["head"], "checkpoint": plain["checkpoint"]}
    if step == "finetune":
        return {key: plain[key] for key in FINETUNE_KEYS} | tracking.slice_of(plain)
    if step == "evaluate":
        data = plain["data"]
        fold = {key: data[key] for key in FOLD_KEYS}
        return {
            "data": for_loading(data),
            "allowed": {key: value for key, value in data.items() if key.startswith("allow_")},
            "evaluation": plain["evaluation"],
            "seed": plain["seed"],
            "allow_targets": _named(plain),
            "accelerator": plain["trainer"]["accelerator"],
            **({"fold": fold} if data["folds"] is not None else {}),
            **tracking.slice_of(plain),
        }
    if step == "promote":
        return {"promotion": plain["promotion"], **tracking.slice_of(plain)}
    raise ValueError(f"no slice for step {step!r}")


def for_loading(data: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of `data` that say how windows are read."""
    return {key: value for key, value in data.items() if key in LOADING_KEYS}


def _named(plain: dict[str, Any]) -> list[str]:
    """The classes that are not shipped and that the user names, in whatever way."""
    used = [name for key in ("model", "objective") for name in tuned_config.targets(plain[key])]
    return sorted({*used, *plain["allow_targets"]})


def resolved(config: DictConfig) -> dict[str, Any]:
    """The whole configuration without interpolations.

    Raises:
        InputError: an interpolation or an objective that cannot be.
    """
    try:
        return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise InputError(explain(error)) from error


def shipped_manifest(config: DictConfig) -> dict[str, Any] | None:
    """The committed manifest of the configured model, with the head sized for this task.

    Returns:
        None when no committed manifest was made from just this `model`.
    """
    model = config.copy()
    for file in sorted((resources.files("components.conf") / "model").iterdir(), key=str):
        if not file.name.endswith(".manifest.json"):
            continue
        manifest = json.loads(file.read_text())
        model.num_logits = manifest["num_logits"]
        if manifest["model"] == constructor(OmegaConf.to_container(model.model, resolve=True)):
            return sized(manifest, config.num_logits)
    return None


def constructor(model: dict[str, Any]) -> dict[str, Any]:
    """The part of `model` that decides on the parameters: constructor arguments and layout."""
    return {k: v for k, v in model.items() if k not in MODEL_FACTS or k == "layout"}


def sized(manifest: dict[str, Any], num_logits: int) -> dict[str, Any]:
    """Puts the task's number of logits wherever the manifest's shapes say `num_logits`."""
    entries = [
        {**entry, "shape": [num_logits if n == "num_logits" else n for n in entry["shape"]]}
        for entry in manifest["entries"]
    ]
    return {**manifest, "entries": entries, "num_logits": num_logits}
