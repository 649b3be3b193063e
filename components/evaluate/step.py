"""Evaluate: a tuned model on the test split, every number with its interval or its reason."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from components import allocator, artifacts, flaws, running, storage, suitability
from components.artifacts import DETAILS, METRICS, PREDICTIONS, REPORT, publish
from components.data import loader
from components.encoder import restore
from components.evaluate import champion as champions
from components.evaluate import inference, origin
from components.evaluate.report import render
from components.evaluate.results import Results, class_names, measure
from components.folds import parts
from components.hdf5 import Header
from components.instantiation import make
from components.staging import staged
from components.tracking import following

SPLIT = ("test",)
MODEL, CHAMPION = "model", "champion"  # as messages name them


@dataclass(frozen=True)
class Evaluation:
    """What came out of a test.

    Attributes:
        metrics: the content of `metrics.json`.
        details: the content of `details.json`.
        report: the report's HTML file.
        seed: of the tuned model.
    """

    metrics: dict[str, Any]
    details: dict[str, Any]
    report: Path
    seed: int


def run(
    model: Path, dataset: str, output: Path, config: Mapping[str, Any], *, champion: str = ""
) -> Evaluation:
    """Tests a tuned model.

    `test_loss` is the plain loss, without the class weights and label smoothing of the training,
    so that it can be compared between models that were trained with different ones.

    Args:
        model: a folder made by finetune.
        dataset: URI of a folder or prefix with `test.h5`.
        output: the folder to make: `metrics.json`, `details.json`, `predictions.npz` and
            `report.html`.
        config: the evaluate slice of the configuration, with `fingerprints` where preflight
            took them.
        champion: URI of a model in a registry to test beside it, which adds `champion.json`; ""
            for none.

    Raises:
        InputError: model and data do not go together, or one cannot be read.
        Failure: the model's output is not finite.
    """
    allocator.keep_buffers()
    place = running.device(config["accelerator"])
    allow = config.get("allow_targets", ())
    restored = restore(Path(model), allow=allow)
    objective = make(restored.config["objective"], "objective")
    rival = champions.summon(champion, allow) if champion else None
    fingerprints = config.get("fingerprints") or {}
    within = config.get("fold") or {}
    with (
        publish(output) as folder,
        staged(dataset, parts.files(within, SPLIT), fingerprints) as paths,
    ):
        sources, fold = parts.split(paths, within, SPLIT)
        header = parts.header(sources["test"])
        suitability.hold(header, restored.config, config["allowed"], f"{dataset}: test")
        names = class_names(header, objective, restored.config)
        networks = {MODEL: restored.network}
        if rival:
            champions.hold(rival, header, restored.config, config["allowed"])
            networks[CHAMPION] = rival.restored.network
        batches = loader(sources["test"], **config["data"])
        logits, labels, flawed = inference.predict(networks, batches, place)
        results = measure(objective, logits[MODEL], labels, names)
        prints = {
            s: fingerprints.get(s) or storage.stat(str(p)).fingerprint for s, p in paths.items()
        }
        fingerprint = parts.fingerprint(prints, fold) if fold else prints["test"]
        details = {
            **origin.describe(Path(model), restored.config, dataset, fingerprint),
            **results.details(header, config["evaluation"]["bootstrap"], config["seed"]),
            **({"fold": fold.record() | {"data": prints}} if fold else {}),
            "evaluated": origin.evaluated(Path(model), config, place.type),
        }
        if rival:
            theirs = measure(rival.objective, logits[CHAMPION], labels, names)
            details["champion"] = {**rival.record(theirs), "metrics": theirs.pooled}
            record = json.dumps(rival.record(theirs), indent=1, allow_nan=False)
            (folder / artifacts.CHAMPION).write_text(record)
        policy = flaws.Policy.from_config(config["data"])
        found = flaws.record(flawed.numpy(), header.channel_names, policy)
        details["data"] = {**details["data"], "test": header.summary() | {"flaws": found}}
        details["notices"] += [f"Data: {header.licence}"] if header.licence else []
        _write(folder, results, details, parts.index(sources["test"]), header)
    following.after_test(config, Path(model), Path(output))
    return Evaluation(results.metrics, details, Path(output) / REPORT, restored.config["seed"])


def _write(
    folder: Path,
    results: Results,
    details: Mapping[str, Any],
    index: np.ndarray,
    header: Header,
) -> None:
    (folder / METRICS).write_text(json.dumps(results.metrics, indent=1, allow_nan=False))
    (folder / DETAILS).write_text(json.dumps(details, indent=1, allow_nan=False))
    (folder / REPORT).write_text(render(details), encoding="utf-8")
    columns = {
        "probabilities": results.decisions.probabilities.cpu().numpy(),
        "predictions": results.decisions.predicted.cpu().numpy(),
        "labels": results.decisions.labels.cpu().numpy(),
    }
    named = {"subject": header.subjects, "recording": header.recordings}
    columns |= {name: column for name, column in named.items() if column is not None}
    np.savez_compressed(folder / PREDICTIONS, index=index, **columns)
