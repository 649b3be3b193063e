"""The KFP face of a finetune on several nodes; it takes the place of the one on one node."""

from kfp import dsl
from kfp.dsl import Input, Model, Output


def finetune(  # its name is the task's, which is the same on any number of nodes
    dataset_uri: str,
    config: str,
    job: str,
    queue_timeout: int,
    backbone: Input[Model],
    model: Output[Model],
    seed: int = -1,
    fold: int = 0,
):
    """Has several nodes fine-tune the pretrained backbone, and waits for their model.

    `job` is the TrainJob that the profile makes, `queue_timeout` how many seconds it may wait for
    its nodes. A `seed` from 0 on takes the place of the configuration's, a `fold` from 1 on that of
    `data.fold`.
    """
    from pathlib import Path

    from components import console, handover, parameters, recording

    console.log_plainly()
    output = Path(model.path)
    with console.told(), recording.recorded(output, "finetune"):
        from components.train_job.step import run

        settings = parameters.unpack(config)
        if seed >= 0:
            settings["seed"] = seed
        if fold:
            settings["data"] = {**settings["data"], "fold": fold}
        run(
            dataset_uri,
            output,
            settings,
            parameters.unpack(job),
            key=handover.key(seed, fold),
            queue_timeout=queue_timeout,
            backbone=Path(backbone.path),
        )


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(finetune, base_image=image, install_kfp_package=False)
