"""Where the results come from: provenance, data and training, for the template."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.evaluate.report import cautions, history, learning_rates, tables
from components.evaluate.report.tables import Column, counts, table, words
from components.evaluate.report.text import finite, lines, metric, percent, plural, scientific

KINDS = {
    "bc": "binary classification",
    "mcc": "multi-class classification",
    "ml": "multi-class classification",
    "mc": "multi-label classification",
    "mmc": "multi-output classification",
}
ORDER = ("checkpoint", "checkpoint_fingerprint", "backbone_coverage", "model", "dataset")
ORDER += ("dataset_fingerprint", "seed")
LAST = ("backbone_digest", "versions")
LABELS = {"selected": "Weights kept", "test_fingerprint": "Test split fingerprint"}
ELSEWHERE = ("data", "classes")  # they have sections of their own
Details = Mapping[str, Any]


def origins(details: Details) -> list[dict[str, Any]]:
    """Gives the provenance as rows of a "label" and "lines", versions last."""
    known = details.get("provenance") or {}
    provenance = {str(k): v for k, v in known.items() if v not in (None, "", {}, [])}
    if cautions.from_scratch(details):
        provenance.pop("backbone_coverage", None)
        provenance["checkpoint"] = "none: trained from scratch"
    elif shares := cautions.coverage(provenance.get("backbone_coverage")):
        written = [f"{percent(share)} {f'of {name}' if name else ''}" for name, share in shares]
        provenance["backbone_coverage"] = ", ".join(map(str.strip, written))
    digest = provenance.get("backbone_digest")
    if isinstance(digest, Mapping) and digest.get("before") == digest.get("after"):
        provenance["backbone_digest"] = f"{digest.get('after')}, unchanged by training"
    keys = [key for key in ORDER if key in provenance]
    keys += [key for key in provenance if key not in (*ORDER, *LAST, *ELSEWHERE)]
    keys += [key for key in LAST if key in provenance]
    return [
        {"label": LABELS.get(key) or label(key), "lines": lines(provenance[key])} for key in keys
    ]


def label(key: str) -> str:
    """Makes a key of the provenance a label."""
    return key.replace("_", " ").capitalize()


def splits(details: Details) -> dict[str, Any] | None:
    """Gives the table of the data by split."""
    data = details.get("data") or {}
    names = {"train": "Training", "val": "Validation", "test": "Test"}
    rows = [
        {"split": names.get(name, name), **values}
        for name, values in data.items()
        if isinstance(values, Mapping)
    ]
    if not rows:
        return None
    columns = [words("split", "Split"), counts("windows", "Windows")]
    columns += [counts("subjects", "Subjects"), counts("recordings", "Recordings")]
    return table("Windows and whom they come from, by split", columns, rows)


def rates(details: Details) -> dict[str, Any] | None:
    """Gives table and chart of the learning rates by part."""
    rows = details.get("learning_rates") or []
    if not rows:
        return None
    columns = [
        words("part", "Part"),
        Column("lr", "Learning rate", scientific),
        Column("scale", "Scale"),
        Column("weight_decay", "Weight decay", scientific),
        counts("parameters", "Parameters"),
        Column("frozen", "Frozen", lambda frozen: "frozen" if frozen else "learns", numeric=False),
    ]
    listed = table("Learning rate, weight decay and size of each part", columns, rows)
    return {"table": listed, "svg": learning_rates.by_part(rows)}


def past(details: Details) -> dict[str, Any] | None:
    """Gives the charts of the training history, and which epoch they mark.

    Returns:
        "svgs", "epochs" (how many, in words), "best" (epoch, why) and "last" (whether the best
        epoch is the last one); None without a value to show.
    """
    rows = history.counted_from_one(details.get("history") or [])
    selected = (details.get("provenance") or {}).get("selected")
    best = history.best_epoch(rows, selected) if len(rows) > 1 else None
    epoch = best[0] if best else None
    measure = "balanced_acc" if _has(rows, "balanced_acc") else "acc"
    drawn = [
        history.by_epoch(rows, "loss", "Loss", epoch),
        history.by_epoch(rows, measure, metric(measure), epoch),
    ]
    drawn = [svg for svg in drawn if svg is not None]
    if not drawn:
        return None
    last = best is not None and epoch == finite(rows[-1].get("epoch"))
    return {"svgs": drawn, "epochs": plural(len(rows), "epoch"), "best": best, "last": last}


def _has(rows: Sequence[Mapping[str, Any]], measure: str) -> bool:
    return any(tables.extremes(rows, f"{split}_{measure}") for split in ("train", "val"))
