"""The KFP face of finetune."""

from kfp import dsl
from kfp.dsl import Input, Model, Output


def finetune(
    dataset_uri: str,
    config: str,
    backbone: Input[Model],
    model: Output[Model],
    seed: int = -1,
    fold: int = 0,
):
    """Fine-tunes the pretrained backbone on the data's training split.

    A `seed` from 0 on takes the place of the configuration's, a `fold` from 1 on that of
    `data.fold`: several are trained side by side.
    """
    from pathlib import Path

    from components import console, parameters, recording, staging
    from components.importing import uncollected

    console.log_plainly()
    output = Path(model.path)
    with console.told(), recording.recorded(output, "finetune"):
        staging.try_ahead(dataset_uri, ("train", "val"))
        with uncollected():
            from components.finetune.step import run

        settings = parameters.unpack(config)
        if seed >= 0:
            settings["seed"] = seed
        if fold:
            settings["data"] = {**settings["data"], "fold": fold}
        run(dataset_uri, output, settings, backbone=Path(backbone.path))


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(finetune, base_image=image, install_kfp_package=False)
