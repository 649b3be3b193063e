"""The KFP face of summarize."""

from kfp import dsl
from kfp.dsl import HTML, Artifact, Metrics, Output


def summarize(
    results: str,
    metrics: Output[Metrics],
    report: Output[HTML],
    summary: Output[Artifact],
):
    """Puts the tests of several seeds or folds side by side: mean, spread, all as one.

    `results` are those of evaluate, with spaces between.
    """
    import shutil
    from pathlib import Path

    from components import artifacts, console, parameters, recording

    console.log_plainly()
    output = Path(summary.path)
    with console.told(), recording.recorded(output, "summarize"):
        from components.summarize.step import run

        done = run([parameters.unpack(result) for result in results.split()], output)
        for name, value in done.numbers().items():
            metrics.log_metric(name, value)
        shutil.copyfile(output / artifacts.SUMMARY_REPORT, report.path)


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(summarize, base_image=image, install_kfp_package=False)
