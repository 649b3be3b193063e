"""Fine-tune: a backbone and a dataset in, a tuned model out."""

import logging
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components import signal, splits
from components.artifacts import load_report, publish
from components.exclusive import alone
from components.failures import Findings
from components.finetune import devices, group, peers, resuming
from components.finetune.nodes import Nodes
from components.finetune.training import Request, train
from components.folds import Fold, parts
from components.hdf5 import Header
from components.instantiation import make
from components.staging import staged
from components.tracking import following

log = logging.getLogger("biotune")

SPLITS = ("train", "val")


@dataclass(frozen=True)
class Tuned:
    """Where the tuned model lies."""

    folder: Path


def run(
    dataset: str,
    output: Path,
    config: Mapping[str, Any],
    *,
    backbone: Path | None = None,
    nodes: Nodes | None = None,
) -> Tuned:
    """Tunes a model on the train split and chooses the best epoch by the val split.

    Args:
        dataset: URI of a folder or prefix with `train.h5` and `val.h5`.
        output: the folder to make: `model.safetensors`, `config.yaml`, `learning_rates.csv`,
            `history.csv`, TensorBoard's records and Lightning's checkpoints.
        config: the fine-tune slice of the configuration, with `fingerprints` where preflight
            took them.
        backbone: a folder made by load-checkpoint; None starts from scratch.
        nodes: that train together, each in a call of its own; what the others than the first one
            leave at `output` is of no use. None: this machine alone.

    Raises:
        InputError: configuration, backbone and data do not go together.
        Failure: the training failed; a `PeerLost` where it was another process that did.
    """
    config = dict(config)
    fingerprints = config.pop("fingerprints", {})
    count = devices.processes(config["trainer"], several=nodes is not None)
    total = count * (nodes.count if nodes else 1)
    if config.get("from_scratch"):
        backbone = None
    if backbone is None:
        log.warning("FROM SCRATCH: no backbone is given, every weight starts at random")
    with (
        alone(output),
        publish(output) as folder,
        staged(dataset, parts.files(config["data"], SPLITS), fingerprints) as paths,
    ):
        sources, fold = parts.split(paths, config["data"], SPLITS)
        headers = {split: parts.header(source) for split, source in sources.items()}
        _check(headers, config, dataset)
        subjects = {split: splits.subjects(header) for split, header in headers.items()}
        request = Request(
            splits={split: parts.plain(source) for split, source in sources.items()},
            folder=str(folder),
            config=config | {"subjects": subjects},
            provenance=_provenance(dataset, fingerprints, headers, backbone) | _of(fold),
            backbone=str(backbone) if backbone else None,
        )
        with (
            peers.joined(nodes, group.limit(config)) if nodes else nullcontext() as others,
            resuming.planned(config, paths, fingerprints, backbone, total, others) as plan,
        ):
            request = replace(request, resume=plan)
            if total > 1:
                devices.launch(request, count, others)
            else:
                train(request)
        if nodes is None or nodes.first:
            following.after_training(config, folder)
    return Tuned(output)


def _of(fold: Fold | None) -> dict[str, Any]:
    return {"fold": fold.record()} if fold else {}


def _check(headers: Mapping[str, Header], config: Mapping[str, Any], dataset: str) -> None:
    """What preflight checks of the data too, for a step that is run by itself."""
    objective = make(config["objective"], "objective")
    names = (f"{dataset}: val", f"{dataset}: train")
    findings = signal.differences(headers["val"], headers["train"], names)
    for split, header in headers.items():
        signal.hold(header, config, f"{dataset}: {split}")
        findings += splits.label_findings(header, objective, f"{dataset}: {split}")
    if not config["data"]["allow_subject_overlap"]:
        findings += splits.overlap_findings({s: splits.subjects(h) for s, h in headers.items()})
    if findings:
        raise Findings(findings)


def _provenance(
    dataset: str,
    fingerprints: Mapping[str, str],
    headers: Mapping[str, Header],
    backbone: Path | None,
) -> dict[str, Any]:
    """What was tuned on what, for the records."""
    facts: dict[str, Any] = {"dataset": dataset, "dataset_fingerprint": dict(fingerprints)}
    facts["data"] = {split: header.summary() for split, header in headers.items()}
    facts["classes"] = list(headers["train"].classes)
    if headers["train"].conversion:  # so that predict makes the same windows of new recordings
        facts["conversion"] = headers["train"].conversion
    if backbone is None:
        return facts | {"checkpoint": None, "backbone_coverage": 0.0}
    report = load_report(backbone)
    return facts | {
        "checkpoint": report["source"],
        "checkpoint_fingerprint": report["fingerprint"],
        "backbone_coverage": report["coverage"],
    }
