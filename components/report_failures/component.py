"""The KFP face of report-failures."""

from kfp import dsl
from kfp.dsl import HTML, Output


def report_failures(failures: Output[HTML]):
    """Gathers what the run's failed steps left, into one page; it reads the run's prefix.

    Of a run on several nodes it also deletes what is left in the cluster, whatever came before.
    """
    import os
    import shutil
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from components import console
    from components.failures import RUN, RUNS

    console.log_plainly()
    with console.told(), TemporaryDirectory() as scratch:
        from components.report_failures import leftovers
        from components.report_failures.step import run

        named = os.environ.get(RUNS, ""), os.environ.get(RUN, "")
        try:
            done = run(*named, Path(scratch) / "failures")
            failures.metadata["attempts"] = len(done.attempts)
            shutil.copyfile(done.page, failures.path)
        finally:
            if os.environ.get(leftovers.ASKED):
                leftovers.remove(*named)


def component(image: str):
    """The component that runs in `image`."""
    return dsl.component(report_failures, base_image=image, install_kfp_package=False)
