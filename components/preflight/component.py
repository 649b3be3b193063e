"""The KFP face of preflight."""

from kfp import dsl
from kfp.dsl import OutputPath


def preflight(
    checkpoint_uri: str,
    dataset_uri: str,
    overrides: list[str],
    manifest: str,
    load_checkpoint: OutputPath(str),
    finetune: OutputPath(str),
    evaluate: OutputPath(str),
    promote: OutputPath(str),
    champion: OutputPath(str),
    registry_uri: str = "",
    images: str = "",
    folds: int = 0,
) -> str:
    """Checks checkpoint, data and configuration; cuts the configuration into a slice a step.

    Returns "train", or "unchanged" where the registry knows the result of this very retraining.
    """
    from pathlib import Path

    from components import console, parameters, recording

    console.log_plainly()
    with console.told(), recording.recorded(Path(load_checkpoint).parent, "preflight"):
        from components.preflight.step import run

        checked = run(
            checkpoint_uri,
            dataset_uri,
            overrides,
            manifest=parameters.unpack(manifest) if manifest else None,
            registry=registry_uri,
            images=images,
            folds=folds,
        )
        for step, path in (
            ("load_checkpoint", load_checkpoint),
            ("finetune", finetune),
            ("evaluate", evaluate),
            ("promote", promote),
        ):
            Path(path).write_text(parameters.pack(checked.slices[step]))
        Path(champion).write_text(checked.champion)
        return checked.verdict


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(preflight, base_image=image, install_kfp_package=False)
