"""Preflight: all findings at once, then a slice of the configuration for each step."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components import config as configuration
from components.failures import Findings, InputError
from components.preflight import checks, cross_validation, retraining
from components.tracking import reach

log = logging.getLogger("biotune")

SLICES = ("load_checkpoint", "finetune", "evaluate", "promote")


@dataclass(frozen=True)
class Preflight:
    """What the following steps are told.

    Attributes:
        slices: the configuration for `load_checkpoint`, `finetune`, `evaluate` and `promote`,
            plain JSON data, with the fingerprints of what they read.
        checkpoint_fingerprint: ETag or digest.
        dataset_fingerprints: the same for each split.
        champion: URI of the registry's present champion, "" for none.
        verdict: "train", or "unchanged" if the registry knows what came of this very retraining.
    """

    slices: dict[str, dict[str, Any]]
    checkpoint_fingerprint: str
    dataset_fingerprints: dict[str, str]
    champion: str = ""
    verdict: str = retraining.TRAIN


def run(
    checkpoint: str,
    dataset: str,
    overrides: Sequence[str],
    *,
    manifest: dict[str, Any] | None = None,
    registry: str = "",
    images: str = "",
    folds: int = 0,
) -> Preflight:
    """Checks configuration, checkpoint and dataset by their headers.

    Args:
        checkpoint: URI of a checkpoint.
        dataset: URI of a folder or prefix with `train.h5`, `val.h5` and `test.h5`.
        overrides: of the configuration.
        manifest: of a model that is not shipped, as `describe` makes it.
        registry: URI of the models' registry, where the better model is promoted; "" for none.
        images: names of the images that the steps run in; other ones hold other code.
        folds: how many folds by subject follow; 0 for one training.

    Raises:
        Findings: everything that is wrong, a line each.
        ServiceError: a storage is out of reach.
    """
    config = cross_validation.compose(overrides, folds)
    settings = configuration.resolved(config)
    described = manifest_for(config, manifest)
    findings: list[str] = []
    weights = checks.checkpoint(checkpoint, described, settings, findings)
    data = checks.dataset(dataset, findings)
    if settings["data"]["folds"] is None:
        checks.labels(data, settings, findings)
        checks.batches(data, settings, findings)
        checks.subjects(data, settings, findings)
    else:
        cross_validation.check(data, settings, findings, every=bool(folds), registry=registry)
    checks.signals(data, settings, findings)
    checks.disk([weights, *data.values()], findings)
    champion = ""
    if registry:
        test = data["test"].header if "test" in data else None
        champion = retraining.champion(registry, settings, test, findings)
    if findings:
        raise Findings(findings)
    reach.check(settings)
    fingerprints = {split: found.fingerprint for split, found in data.items()}
    slices = {step: configuration.for_step(step, config) for step in SLICES}
    read = cross_validation.files_of(settings)
    slices["finetune"]["fingerprints"] = {s: fingerprints[s] for s in read["finetune"]}
    slices["evaluate"]["fingerprints"] = {s: fingerprints[s] for s in read["evaluate"]}
    slices["load_checkpoint"] |= {"manifest": described, "fingerprint": weights.fingerprint}
    verdict = retraining.TRAIN
    if registry:
        standing = retraining.standing(registry, slices, images)
        verdict = standing.verdict
        slices["promote"]["attempt"] = standing.attempt
    log.info("preflight: nothing wrong found")
    return Preflight(slices, weights.fingerprint, fingerprints, champion, verdict)


def manifest_for(config: Any, manifest: dict[str, Any] | None) -> dict[str, Any]:
    """The given manifest, or the committed one of a shipped model.

    Raises:
        InputError: neither is there.
    """
    found = manifest or configuration.shipped_manifest(config)
    if found is None:
        raise InputError(
            f"model._target_={config.model.get('_target_')}: no manifest of just this model is "
            "shipped; make one where torch is installed by `python -m components describe`"
        )
    return configuration.sized(found, config.num_logits)
