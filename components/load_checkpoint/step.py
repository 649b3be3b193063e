"""Takes a backbone's weights out of a checkpoint, and proves that all are there."""

import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from components import checkpoint as checkpoints
from components.artifacts import BACKBONE, LOAD_REPORT, publish
from components.checkpoint import Checkpoint, Matching
from components.checkpoint.decisions import DECODER, HEAD, HEAD_STRIPPED, IGNORED
from components.manifest import Manifest
from components.storage import shown

log = logging.getLogger("biotune")


@dataclass(frozen=True)
class LoadReport:
    """What came out.

    Attributes:
        output: folder with the weights and the report.
        report: the content of its report.json.
        summary: one line for people.
    """

    output: Path
    report: dict[str, Any]
    summary: str


def run(
    checkpoint: str,
    output: Path,
    config: Mapping[str, Any],
    *,
    fingerprint: str | None = None,
) -> LoadReport:
    """Writes the weights that a model needs from a checkpoint, and a report on every tensor.

    Args:
        checkpoint: URI of a Lightning checkpoint, a torch state dict, or safetensors.
        output: folder to be made, with `backbone.safetensors` and `report.json`.
        config: `head` (whether to keep the checkpoint's head), `checkpoint` (`min_coverage`,
            `ignore`) and `manifest` (of the model).
        fingerprint: that the checkpoint must have; none accepts any.

    Raises:
        InputError: the checkpoint can't be read, does not fill the model, or is not finite.
        ServiceError: S3 out of reach.
    """
    manifest = Manifest.from_dict(config["manifest"])
    with publish(output) as folder:
        fingerprint = fingerprint or checkpoints.stat(checkpoint).fingerprint
        with checkpoints.open_checkpoint(
            checkpoint, fingerprint=fingerprint, proved=True
        ) as opened:
            matching = checkpoints.match(
                opened.tensors, manifest, head=config["head"], **config["checkpoint"]
            )
            _write(folder / BACKBONE, opened, matching)
        report = _report(opened, matching, fingerprint)
        report["recognised"] = manifest.identity.name if manifest.identity else None
        text = json.dumps(report, indent=1, allow_nan=False)
        (folder / LOAD_REPORT).write_text(text + "\n", encoding="utf-8")
    summary = _summary(matching)
    if report["recognised"]:
        summary = f"recognised as {report['recognised']}; {summary}"
    log.info("load-checkpoint: %s", summary)
    return LoadReport(Path(output), report, summary)


def _write(file: Path, opened: Checkpoint, matching: Matching) -> None:
    kept = [
        replace(opened.tensors[decision.source_name], name=decision.name)
        for decision in matching.decisions
        if decision.kept
    ]
    checkpoints.bring(kept)
    checkpoints.write_safetensors(file, kept, {"format": "pt"})


def _report(opened: Checkpoint, matching: Matching, fingerprint: str) -> dict[str, Any]:
    reasons = Counter(decision.reason for decision in matching.decisions)
    return {
        "source": shown(opened.uri),
        "fingerprint": fingerprint,
        "format": opened.format,
        "metadata": opened.metadata,
        "wrappers": matching.wrappers,
        "foreign": opened.foreign,
        "not_tensors": opened.others,
        "coverage": {
            "tensors": matching.tensor_coverage,
            "parameters": matching.parameter_coverage,
            "of": asdict(matching.total),
        },
        "counts": dict(reasons),
        "missing": [entry.name for entry in matching.missing],
        "tensors": [
            {
                "name": decision.name,
                "source_name": decision.source_name,
                "shape": list(decision.shape),
                "dtype": decision.dtype,
                "action": "kept" if decision.kept else "stripped",
                "reason": decision.reason,
            }
            for decision in matching.decisions
        ],
    }


def _summary(matching: Matching) -> str:
    reasons = Counter(decision.reason for decision in matching.decisions)
    filled, total = matching.covered, matching.total
    text = (
        f"{matching.percent} of the backbone ({filled.tensors} of {total.tensors} tensors, "
        f"{filled.parameters:,} parameters)"
    )
    stripped = [
        told
        for told in (
            _told(reasons[HEAD_STRIPPED], "head tensor", " (head=false)"),
            _told(reasons[DECODER], "tensor", " of the pre-training decoder"),
            _told(reasons[IGNORED], "tensor", " by checkpoint.ignore"),
        )
        if told
    ]
    kept = _told(reasons[HEAD], "head tensor", "")
    text += f" and {kept}" if kept else ""
    text += f"; stripped {' and '.join(stripped)}" if stripped else "; nothing was stripped"
    if matching.missing:
        names = ", ".join(entry.name for entry in matching.missing)
        text += f"; beginning at random: {names}"
    return text


def _told(count: int, noun: str, rest: str) -> str:
    return f"{count} {noun}{'s' if count > 1 else ''}{rest}" if count else ""
