"""The KFP face of finetune."""

from kfp import dsl
from kfp.dsl import Input, Model, Output


def finetune(dataset_uri: str, config: str, backbone: Input[Model], model: Output[Model]):
    """Fine-tunes the pretrained backbone on the data's training split."""
    from pathlib import Path

    from components import console, failures, parameters

    console.log_plainly()
    output = Path(model.path)
    with console.told(), failures.recorded(output):
        from components.finetune.step import run

        run(dataset_uri, output, parameters.unpack(config), backbone=Path(backbone.path))


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(finetune, base_image=image, install_kfp_package=False)
