"""Hands a package to Kubeflow Pipelines."""

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.failures import ServiceError
from pipeline.cluster.client import calling
from pipeline.cluster.target import Target

if TYPE_CHECKING:
    import kfp


@dataclass(frozen=True)
class Job:
    """What is to run, under which names.

    Attributes:
        package: the compiled pipeline.
        arguments: the pipeline's parameters.
        name: of the run.
        experiment: that the run is shown in; made where it is not there.
        service_account: of the pods; "" for the server's default.
    """

    package: Path
    arguments: Mapping[str, Any]
    name: str
    experiment: str = "biotune"
    service_account: str = ""


def submit(client: "kfp.Client", target: Target, job: Job) -> str:
    """Starts a run.

    Returns:
        Its ID.

    Raises:
        InputError: the server refuses it.
        ServiceError: the server is out of reach; whether the run was started is not known then.
    """
    # kfp prints links, which would mix with what a script reads.
    with calling(), contextlib.redirect_stdout(io.StringIO()):
        experiment = client.create_experiment(job.experiment)
        try:
            run = client.run_pipeline(
                experiment.experiment_id,
                job.name,
                str(job.package),
                dict(job.arguments),
                service_account=job.service_account or None,
            )
        except ServiceError as error:
            raise ServiceError(
                f"{error}; {job.name} may have been started all the same, see {target.host}/#/runs"
            ) from None
    return run.run_id
