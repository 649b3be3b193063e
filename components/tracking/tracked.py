"""One run of MLflow's: begun, or gone on with; nothing is written to it twice."""

import json
import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from math import isfinite
from pathlib import Path
from typing import Any

from components.extras import require
from components.failures import RUN
from components.redaction import redacted
from components.tracking.settings import Settings

RECORD = "tracking.json"
TRAINING = "biotune.training"
FINISHED, FAILED, KILLED, RUNNING = "FINISHED", "FAILED", "KILLED", "RUNNING"
_LONGEST = 500  # letters of a parameter, which older servers take
_AT_ONCE = 100  # parameters in a request
_EVERY_EPOCH = "train_loss"
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # by default a training would wait for minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # which may hold a password
    "GIT_PYTHON_REFRESH": "quiet",
}


class Tracked:
    """One run of MLflow's.

    Attributes:
        client: MLflow's.
        run_id: MLflow's.
        epochs: those that the run knows, counted from 1.
    """

    def __init__(self, client: Any, run: Any) -> None:
        self.client, self.run_id = client, run.info.run_id
        self.experiment_id, self.artifacts = run.info.experiment_id, run.info.artifact_uri
        self._params, self._metrics = dict(run.data.params), dict(run.data.metrics)
        known = _EVERY_EPOCH in self._metrics
        past = client.get_metric_history(self.run_id, _EVERY_EPOCH) if known else []
        self.epochs = {metric.step for metric in past}

    @classmethod
    def begin(cls, wanted: Settings, name: str, tags: Mapping[str, str]) -> "Tracked":
        """Goes on with the unfinished run of the same training, or begins one."""
        client = connect(wanted)
        experiment = _experiment(client, wanted.experiment)
        if (run := _unfinished(client, experiment, tags.get(TRAINING, ""))) is None:
            own = {"biotune.version": _version(), "biotune.run": os.environ.get(RUN, "")}
            given = {key: value for key, value in {**own, **tags}.items() if value}
            run = client.create_run(experiment, tags=given, run_name=name)
        else:
            client.update_run(run.info.run_id, status=RUNNING)
        return cls(client, run)

    @classmethod
    def of(cls, wanted: Settings, run_id: str) -> "Tracked":
        """A run that is there."""
        client = connect(wanted)
        return cls(client, client.get_run(run_id))

    def parameters(self, settings: Mapping[str, Any]) -> None:
        """Writes settings, by dotted keys, that the run does not know yet; MLflow keeps the first.

        Credentials are blanked, and long values cut.
        """
        from mlflow.entities import Param

        told = [
            Param(key, redacted(_written(value))[:_LONGEST])
            for key, value in settings.items()
            if key not in self._params
        ]
        for first in range(0, len(told), _AT_ONCE):
            self.client.log_batch(self.run_id, params=told[first : first + _AT_ONCE])
        self._params |= {param.key: param.value for param in told}

    def history(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes the rows of a training's history that the run does not know yet."""
        for row in rows:
            step = int(row["epoch"]) + 1
            if step in self.epochs:
                continue
            self._numbers({key: value for key, value in row.items() if key != "epoch"}, step)
            self.epochs.add(step)

    def numbers(self, values: Mapping[str, Any]) -> None:
        """Writes numbers without an epoch, those of a test; one that is known is not repeated."""
        self._numbers({k: v for k, v in values.items() if self._metrics.get(k) != v}, 0)
        self._metrics |= values

    def files(self, files: Sequence[Path], below: str) -> None:
        """Sends files, as artifacts below a name."""
        for file in files:
            self.client.log_artifact(self.run_id, str(file), below)

    def end(self, status: str) -> None:
        """Says how the run has ended; a later step may still add to it."""
        self.client.set_terminated(self.run_id, status)

    def record(self, folder: Path) -> None:
        """Leaves beside a model whose run this is."""
        text = json.dumps({"run_id": self.run_id, "experiment_id": self.experiment_id}, indent=1)
        (folder / RECORD).write_text(text)

    def _numbers(self, values: Mapping[str, Any], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        known = {k: float(v) for k, v in values.items() if isinstance(v, int | float)}
        metrics = [Metric(k, v, now, step) for k, v in known.items() if isfinite(v)]
        if metrics:
            self.client.log_batch(self.run_id, metrics=metrics)


def connect(wanted: Settings) -> Any:
    """MLflow's client, which waits for seconds and not for minutes.

    Raises:
        InputError: MLflow is not installed.
    """
    require("track", "mlflow")
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    return MlflowClient(wanted.uri)


def recorded(folder: Path) -> str | None:
    """The run's id that lies beside a model; None where there is none."""
    try:
        return str(json.loads((folder / RECORD).read_bytes())["run_id"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _experiment(client: Any, name: str) -> str:
    from mlflow.exceptions import MlflowException

    if found := client.get_experiment_by_name(name):
        return found.experiment_id
    try:
        return client.create_experiment(name)
    except MlflowException:  # another run may have been quicker
        if found := client.get_experiment_by_name(name):
            return found.experiment_id
        raise


def _unfinished(client: Any, experiment: str, training: str) -> Any:
    if not training:
        return None
    wanted = f"tags.`{TRAINING}` = '{training}' and attributes.status != '{FINISHED}'"
    return next(iter(client.search_runs([experiment], wanted, max_results=1)), None)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _version() -> str:
    try:
        return metadata.version("biotune")
    except metadata.PackageNotFoundError:  # a source tree on the path, not installed
        return "dev"
