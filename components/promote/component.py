"""The KFP face of promote."""

from kfp import dsl
from kfp.dsl import Artifact, Input, Metrics, Model, Output


def promote(
    registry_uri: str,
    config: str,
    model: Input[Model],
    evaluation: Input[Artifact],
    decision: Output[Artifact],
    numbers: Output[Metrics],
):
    """Makes the tuned model the registry's champion if it is better than the present one."""
    from pathlib import Path

    from components import console, parameters, recording

    console.log_plainly()
    output = Path(decision.path)
    with console.told(), recording.recorded(output, "promote"):
        from components.promote.step import run

        settings = parameters.unpack(config)
        done = run(Path(model.path), Path(evaluation.path), registry_uri, output, settings)
        for name, value in done.numbers.items():
            numbers.log_metric(name, value)


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(promote, base_image=image, install_kfp_package=False)
