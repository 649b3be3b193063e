"""The results, section by section: plain values for the template out of the details."""

from collections.abc import Mapping
from typing import Any

from components.evaluate.report import cautions, matrices, spread, tables
from components.evaluate.report.tables import counts, table, words
from components.evaluate.report.text import METRICS, finite, fixed, interval, metric, plural

HEADLINES = ("balanced_acc", "f1_score", "auroc", "cohen_kappa", "sensitivity", "specificity")
Details = Mapping[str, Any]


def summary(details: Details) -> str:
    """Says the main result in one sentence."""
    test = (details.get("data") or {}).get("test") or {}
    where = f" on {plural(test['windows'], 'test window')}" if test.get("windows") else ""
    if test.get("subjects"):
        where += f" of {plural(test['subjects'], 'subject')}"
    main = _measured(details, "test_balanced_acc")
    if main["missing"]:
        return f"Balanced accuracy{where} is not defined: {main['reason']}."
    sentence = f"Balanced accuracy{where} is {main['value']}"
    if main["interval"]:
        sentence += f", with a 95 % interval from {main['interval']}"
    return sentence + (f"; guessing reaches {main['chance']}." if main["chance"] else ".")


def headline(details: Details) -> list[dict[str, Any]]:
    """Gives the tiles on top: value, interval, level of chance."""
    metrics = details.get("metrics") or {}
    keys = [f"test_{name}" for name in HEADLINES if f"test_{name}" in metrics]
    return [_measured(details, key) for key in keys]


def all_metrics(details: Details) -> list[dict[str, Any]]:
    """Gives a row for each metric: the known ones in their order, then whatever else is there."""
    metrics = details.get("metrics") or {}
    known = [f"test_{name}" for name in METRICS if f"test_{name}" in metrics]
    others = [key for key in metrics if key not in known and key != "undefined"]
    others = [key for key in others if metrics[key] is None or finite(metrics[key]) is not None]
    return [_measured(details, key) for key in (*known, *others)]


def _measured(details: Details, key: str) -> dict[str, Any]:
    metrics = details.get("metrics") or {}
    value, bounds = metrics.get(key), (details.get("intervals") or {}).get(key)
    level = cautions.chance(details).get(key)
    reason = (metrics.get("undefined") or {}).get(key)
    number, low = finite(value), lowest(details)
    on_track = key != "test_loss" and number is not None and -1 <= number <= 1
    return {
        "name": metric(key),
        "value": fixed(value),
        "missing": number is None,
        "interval": interval(bounds),
        "chance": None if level is None else fixed(level),
        "reason": reason or ("no reason was recorded" if number is None else None),
        "bar": spread.interval_bar(value, bounds, level, low) if on_track else None,
    }


def lowest(details: Details) -> float:
    """Gives where the bars begin: at 0, or at -1 when a metric or its interval is below 0."""
    values = [v for key, v in (details.get("metrics") or {}).items() if key != "test_loss"]
    for bounds in (details.get("intervals") or {}).values():
        values += bounds if interval(bounds) else []
    return -1.0 if any((finite(value) or 0.0) < 0 for value in values) else 0.0


def classes(details: Details) -> dict[str, Any] | None:
    """Gives the table by class."""
    rows = details.get("per_class") or []
    if not rows:
        return None
    pooled = details.get("classification_type") == "mmc"
    support = counts("support", "Decisions" if pooled else "Windows")
    columns = [words("class", "Class"), support, *tables.scores(rows)]
    caption = "Results by class, one against the rest"
    return table(caption + (", all outputs pooled" if pooled else ""), columns, rows)


def confusions(details: Details) -> list[dict[str, Any]]:
    """Gives the confusion matrices that are not empty."""
    entries = details.get("confusion") or []
    return [matrices.matrix(entry) for entry in entries if entry.get("matrix")]


def remarks(details: Details) -> list[dict[str, str]]:
    """Gives the reasons that do not stand beside a metric already, e.g. classes left out."""
    metrics = details.get("metrics") or {}
    beside = {key for key, value in metrics.items() if value is None}
    found = [
        {"label": metric(str(key)), "text": str(why)}
        for key, why in (metrics.get("undefined") or {}).items()
        if key not in beside
    ]
    for key, resamples in (details.get("interval_left_out") or {}).items():
        told = f"interval: not defined in {plural(resamples, 'resample')}, which it leaves out"
        found.append({"label": metric(str(key)), "text": told})
    return found
