"""The pipeline `biotune`: preflight, load-checkpoint, finetune, evaluate."""

from collections.abc import Mapping
from importlib import metadata

from kfp import dsl

from components.evaluate.component import component as evaluate
from components.finetune.component import component as finetune
from components.load_checkpoint.component import component as load_checkpoint
from components.preflight.component import component as preflight

STEPS = ("preflight", "load-checkpoint", "finetune", "evaluate")


def images() -> dict[str, str]:
    """The image of each step, the package's version as its tag; preflight needs no own one."""
    try:
        version = metadata.version("biotune")
    except metadata.PackageNotFoundError:  # a source tree on the path, not installed
        version = "dev"
    named = {step: f"biotune-{step}:{version}" for step in STEPS}
    return {**named, "preflight": named["load-checkpoint"]}


def pipeline(images: Mapping[str, str]):
    """The pipeline with its steps in the given images.

    Args:
        images: the image of each of `STEPS`.

    Returns:
        What `kfp.compiler` compiles, and what runs at once when it is called after
        `kfp.local.init`.
    """
    checks = preflight(images["preflight"])
    loads = load_checkpoint(images["load-checkpoint"])
    tunes = finetune(images["finetune"])
    tests = evaluate(images["evaluate"])

    @dsl.pipeline(name="biotune", description="Fine-tunes and evaluates a pretrained model.")
    def biotune(
        checkpoint_uri: str,
        dataset_uri: str,
        overrides: list[str],
        manifest: str = "",
    ):
        checked = checks(
            checkpoint_uri=checkpoint_uri,
            dataset_uri=dataset_uri,
            overrides=overrides,
            manifest=manifest,
        )
        # The objects behind the same URIs may have changed. The fingerprints in the slices then
        # differ, which is what the cache keys of the following steps go by.
        checked.set_caching_options(False)
        loaded = loads(checkpoint_uri=checkpoint_uri, config=checked.outputs["load_checkpoint"])
        tuned = tunes(
            dataset_uri=dataset_uri,
            config=checked.outputs["finetune"],
            backbone=loaded.outputs["backbone"],
        )
        tests(
            dataset_uri=dataset_uri,
            config=checked.outputs["evaluate"],
            model=tuned.outputs["model"],
        )

    return biotune
