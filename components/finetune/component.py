"""The KFP face of finetune."""

from typing import Optional

from kfp import dsl
from kfp.dsl import Input, Model, Output


def finetune(
    dataset_uri: str,
    config: str,
    backbone: Input[Model],
    model: Output[Model],
    seed: Optional[int] = None,  # noqa: UP045 - KFP knows no `int | None`
):
    """Fine-tunes the pretrained backbone on the data's training split.

    `seed` takes the place of the configuration's where several are trained side by side.
    """
    from pathlib import Path

    from components import console, failures, parameters

    console.log_plainly()
    output = Path(model.path)
    with console.told(), failures.recorded(output):
        from components.finetune.step import run

        settings = parameters.unpack(config)
        if seed is not None:
            settings["seed"] = int(seed)  # KFP hands on the numbers of a list as floats
        run(dataset_uri, output, settings, backbone=Path(backbone.path))


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(finetune, base_image=image, install_kfp_package=False)
