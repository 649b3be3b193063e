"""What the folds of a cross-validation come to: a row each, mean and spread, all tests as one."""

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

from components.failures import InputError
from components.folds import statistics
from components.folds.pooling import pooled

KIND = "folds"
METHOD = (
    "The interval is mean \N{PLUS-MINUS SIGN} t \N{MULTIPLICATION SIGN} sqrt((1/k + test/train) "
    "\N{MULTIPLICATION SIGN} variance) over k folds, t with k \N{MINUS SIGN} 1 degrees of freedom, "
    "test/train by subjects (those who validate count as train): Nadeau and Bengio's correction "
    "(2003). Folds share training data, so no unbiased estimate of the variance exists (Bengio and "
    "Grandvalet 2004): it is a guide, and speaks of people like these."
)
POOLED = (
    "Pooled: every window tested once, by a model that had never seen its subject; counts of all "
    "folds added up. AUROC and AUPR have no pooled value: two models' scores share no scale "
    "(Forman and Scholz 2010)."
)


def summarized(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Puts the tests of all folds together.

    Args:
        results: what evaluate tells of each fold: `seed`, `metrics`, and what `told` gives.

    Returns:
        Plain JSON data, the content of `summary.json`.

    Raises:
        InputError: the results are not those of all folds of one cross-validation.
    """
    ordered = sorted(results, key=lambda result: result["fold"]["number"])
    _refuse_strangers(ordered)
    folds = [result["fold"] for result in ordered]
    share = _test_to_train(folds)
    names = [name for name in ordered[0]["metrics"] if name != "undefined"]
    columns = {name: [result["metrics"].get(name) for result in ordered] for name in names}
    windows = [fold["windows"]["test"] for fold in folds]
    loss = sum(n * value for n, value in zip(windows, columns["test_loss"], strict=True))
    return {
        "kind": KIND,
        **{key: folds[0][key] for key in ("of", "seed", "data")},
        "training_seed": ordered[0]["seed"],
        "model": ordered[0]["model"],
        "checkpoint": ordered[0]["checkpoint"],
        "folds": [
            fold | {"metrics": {n: columns[n][i] for n in names}} for i, fold in enumerate(folds)
        ],
        "subjects": sum(fold["subjects"]["test"] for fold in folds),
        "by_subject": by_subject({r["fold"]["number"]: r["by_subject"] for r in ordered}),
        "metrics": {name: _spread(values, share) for name, values in columns.items()},
        "pooled": {"test_loss": loss / sum(windows), **_together(ordered)},
        "windows": sum(windows),
        "test_to_train": share,
        "method": METHOD,
        "pooling": POOLED,
    }


def by_subject(tables: Mapping[int, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """One row a subject, by name; none where a fold's table was too large to be told.

    Args:
        tables: `by_subject` of each fold's `details.json`, by the fold's number.
    """
    if not all(tables.values()):
        return []
    rows = [
        {"subject": row["subject"], "fold": number, **row}
        for number, table in tables.items()
        for row in table
    ]
    return sorted(rows, key=lambda row: row["subject"])


def _together(ordered: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """The metrics of all folds' counts; none where a fold's were too many to be told."""
    counts = [result["confusion"] for result in ordered]
    return pooled(counts, ordered[0]["classification_type"]) if all(counts) else {}


def _spread(values: Sequence[float | None], share: float) -> dict[str, Any]:
    """Mean, standard deviation and interval; none where a fold lacks the metric.

    A mean over fewer folds would pass for one over all.
    """
    if None in values:
        return {"values": list(values), "mean": None, "std": None, "interval": None}
    found = statistics.interval(values, share)
    return {
        "values": list(values),
        "mean": mean(values),
        "std": stdev(values) if len(values) > 1 else None,
        "interval": list(found) if found else None,
    }


def _test_to_train(folds: Sequence[Mapping[str, Any]]) -> float:
    """How many are tested for each whom the models were made with, over all folds."""
    tested = sum(fold["subjects"]["test"] for fold in folds)
    made_with = sum(fold["subjects"]["train"] + fold["subjects"]["val"] for fold in folds)
    return tested / made_with


def _refuse_strangers(ordered: Sequence[Mapping[str, Any]]) -> None:
    folds = [result["fold"] for result in ordered]
    numbers = [fold["number"] for fold in folds]
    if numbers != list(range(1, folds[0]["of"] + 1)):
        raise InputError(f"folds={numbers}: of {folds[0]['of']} folds each must be there once")
    for key in ("of", "seed", "data"):
        if len({str(fold[key]) for fold in folds}) > 1:
            raise InputError(f"folds: their {key} differs; they are not of one cross-validation")
    tested = [name for fold in folds for name in fold["test"]]
    if twice := sorted({name for name in tested if tested.count(name) > 1}):
        raise InputError(f"folds: {', '.join(twice)}: tested twice")
