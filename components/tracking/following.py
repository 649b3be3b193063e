"""What each step tells MLflow; a step never fails for it."""

import csv
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from components.artifacts import CONFIG, DETAILS, HISTORY, METRICS, PREDICTIONS, REPORT
from components.failures import first_line
from components.redaction import redacted
from components.registry.contents import FILES
from components.tracking import tracked
from components.tracking.settings import Settings, settings
from components.tracking.tracked import FINISHED, TRAINING, Tracked

log = logging.getLogger("biotune")

TESTED = (METRICS, DETAILS, PREDICTIONS, REPORT)
CHAMPION = "champion"  # the alias
_NO_SETTINGS = ("resume", "tracking", "subjects", "fingerprints")
_MODEL, _EVALUATION = "model", "evaluation"
_warned: set[str] = set()  # servers that this process has warned of


@contextmanager
def spared(wanted: Settings, what: str) -> Iterator[None]:
    """Lets the block fail without harm to the step: one warning, without credentials."""
    try:
        yield
    except Exception as error:  # whatever the client or the server came up with
        level = logging.INFO if wanted.uri in _warned else logging.WARNING
        _warned.add(wanted.uri)
        why = f"{type(error).__name__}: {redacted(first_line(error))[:300]}"
        told = "tracking.uri=%s: %s is not tracked (%s); the step goes on"
        log.log(level, told, wanted.shown, what, why)


def begun(
    wanted: Settings,
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
    place: str,
    folder: Path,
) -> Tracked:
    """Begins a training's run, or goes on with that of the same training.

    Args:
        config: the finetune slice, resolved.
        provenance: what is tuned on what.
        place: where the training keeps its states, the same in each retry; "" for nowhere.
        folder: gets the record.
    """
    training = hashlib.sha256(place.encode()).hexdigest()[:20] if place else ""
    run = Tracked.begin(wanted, _name(config, provenance), {TRAINING: training})
    run.record(folder)
    own = {key: value for key, value in config.items() if key not in (*_NO_SETTINGS, "provenance")}
    facts = {key: value for key, value in provenance.items() if key not in ("data", "fold")}
    run.parameters({**_flat(own), **_flat(facts, "provenance.")})
    return run


def after_training(config: Mapping[str, Any], folder: Path) -> None:
    """Adds what the training has missed to tell, and sends the tuned model's files."""
    if (wanted := settings(config)) is None:
        return
    with spared(wanted, "the tuned model"):
        if (run_id := tracked.recorded(folder)) is None:  # the server was out of reach before
            whole = yaml.safe_load((folder / CONFIG).read_bytes())
            run = begun(wanted, whole, whole["provenance"], "", folder)
        else:
            run = Tracked.of(wanted, run_id)
        with (folder / HISTORY).open(newline="") as stream:
            run.history(_as_numbers(row) for row in csv.DictReader(stream))
        if wanted.artifacts:
            run.files([folder / name for name in FILES if (folder / name).is_file()], _MODEL)
        run.end(FINISHED)
        log.info("tracked in MLflow's run %s", run.run_id)


def after_test(config: Mapping[str, Any], model: Path, evaluation: Path) -> None:
    """Adds the test's metrics, and sends the evaluation's files."""
    if (wanted := settings(config)) is None or (run_id := _run_of(model)) is None:
        return
    with spared(wanted, "the test"):
        run = Tracked.of(wanted, run_id)
        metrics = json.loads((evaluation / METRICS).read_bytes())
        run.numbers({key: value for key, value in metrics.items() if key != "undefined"})
        if wanted.artifacts:
            there = [file for name in TESTED if (file := evaluation / name).is_file()]
            run.files(there, _EVALUATION)
        run.end(FINISHED)


def after_promotion(config: Mapping[str, Any], model: Path, *, promoted: bool, why: str) -> None:
    """Adds the decision; a promoted model becomes the registered one's champion."""
    if (wanted := settings(config)) is None or (run_id := _run_of(model)) is None:
        return
    with spared(wanted, "the promotion"):
        run = Tracked.of(wanted, run_id)
        run.client.set_tag(run_id, "biotune.decision", "promoted" if promoted else "kept")
        run.client.set_tag(run_id, "biotune.reason", redacted(why)[:5000])
        if promoted and wanted.registered_model:
            _crown(run, wanted.registered_model)


def _crown(run: Tracked, name: str) -> None:
    """Makes the run's model the champion of a registered one; a retry makes no second version."""
    from mlflow.exceptions import MlflowException

    client = run.client
    try:
        client.create_registered_model(name)
    except MlflowException:  # it is there, or the next call tells why not
        client.get_registered_model(name)
    ours = client.search_model_versions(f"name = '{name}' and run_id = '{run.run_id}'")
    version = next(iter(ours), None) or client.create_model_version(
        name, f"{run.artifacts}/{_MODEL}", run.run_id
    )
    client.set_registered_model_alias(name, CHAMPION, version.version)
    log.info("MLflow: %s version %s is the %s", name, version.version, CHAMPION)


def _run_of(model: Path) -> str | None:
    if (run_id := tracked.recorded(model)) is None:
        log.warning("%s: names no run of MLflow's; nothing is tracked", model / tracked.RECORD)
    return run_id


def _name(config: Mapping[str, Any], provenance: Mapping[str, Any]) -> str:
    model = str(config["model"]["_target_"]).rpartition(".")[2]
    data = redacted(str(provenance.get("dataset", ""))).rstrip("/").rpartition("/")[2]
    fold = (config.get("data") or {}).get("fold")
    part = f"fold {fold}" if fold else f"seed {config.get('seed')}"
    return f"{model} on {data}, {part}"


def _flat(node: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.items():
        whole = not (isinstance(value, Mapping) and value)
        found |= {f"{prefix}{key}": value} if whole else _flat(value, f"{prefix}{key}.")
    return found


def _as_numbers(row: Mapping[str, str]) -> dict[str, Any]:
    return {key: float(value) for key, value in row.items() if value}
