"""The KFP face of evaluate."""

from kfp import dsl
from kfp.dsl import HTML, Artifact, ClassificationMetrics, Input, Metrics, Model, Output, OutputPath


def evaluate(
    dataset_uri: str,
    config: str,
    model: Input[Model],
    metrics: Output[Metrics],
    classification: Output[ClassificationMetrics],
    report: Output[HTML],
    evaluation: Output[Artifact],
    results: OutputPath(str),
    champion_uri: str = "",
    fold: int = 0,
):
    """Tests the tuned model on the data's test split and reports what came out.

    A `fold` from 1 on is the part of the data that this model is tested on.
    """
    import shutil
    from pathlib import Path

    from components import artifacts, console, parameters, recording, staging
    from components.importing import uncollected

    console.log_plainly()
    output = Path(evaluation.path)
    with console.told(), recording.recorded(output, "evaluate"):
        staging.try_ahead(dataset_uri, ("test",))
        with uncollected():
            from components import folds
            from components.evaluate import kubeflow
            from components.evaluate.step import run

        settings = parameters.unpack(config)
        if fold:
            settings["fold"] = {**settings["fold"], "fold": fold}
        champion = {"champion": champion_uri} if champion_uri else {}
        done = run(Path(model.path), dataset_uri, output, settings, **champion)
        kubeflow.log_metrics(metrics, done.metrics)
        kubeflow.log_classification(classification, done.details, output / artifacts.PREDICTIONS)
        shutil.copyfile(done.report, report.path)
        numbers = {"seed": done.seed, "metrics": done.metrics, **folds.told(done.details)}
        Path(results).write_text(parameters.pack(numbers, always=True))


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(evaluate, base_image=image, install_kfp_package=False)
