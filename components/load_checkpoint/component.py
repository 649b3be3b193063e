"""The KFP face of load-checkpoint."""

from kfp import dsl
from kfp.dsl import Model, Output


def load_checkpoint(checkpoint_uri: str, config: str, backbone: Output[Model]):
    """Takes a pretrained backbone's weights out of a checkpoint, and proves that all are there."""
    from pathlib import Path

    from components import console, parameters, recording

    console.log_plainly()
    output = Path(backbone.path)
    with console.told(), recording.recorded(output, "load-checkpoint"):
        from components.load_checkpoint.step import run

        piece = parameters.unpack(config)
        run(checkpoint_uri, output, piece, fingerprint=piece.get("fingerprint"))


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(load_checkpoint, base_image=image, install_kfp_package=False)
