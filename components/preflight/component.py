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
):
    """Checks checkpoint, data and configuration; cuts the configuration into a slice a step."""
    from pathlib import Path

    from components import console, failures, parameters

    console.log_plainly()
    with console.told(), failures.recorded(Path(load_checkpoint).parent, "preflight"):
        from components.preflight.step import run

        described = parameters.unpack(manifest) if manifest else None
        checked = run(checkpoint_uri, dataset_uri, overrides, manifest=described)
        for step, path in (
            ("load_checkpoint", load_checkpoint),
            ("finetune", finetune),
            ("evaluate", evaluate),
        ):
            Path(path).write_text(parameters.pack(checked.slices[step]))


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(preflight, base_image=image, install_kfp_package=False)
