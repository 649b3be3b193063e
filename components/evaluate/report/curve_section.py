"""The curve charts with their legends, out of the details."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.evaluate.report import cautions, curves
from components.evaluate.report.text import finite, fixed, shorten

Details = Mapping[str, Any]


def charts(details: Details) -> list[dict[str, Any]]:
    """Gives ROC and precision-recall charts with their legends; a kind without lines is left out.

    Returns:
        Entries with "name", "area" (what the numbers of the legend are), "svg", "legend", "thin"
        (what thin lines are, if there are any), "mean" (whether a mean is drawn) and "base".
    """
    found = []
    if roc := _curves(details, "roc"):
        areas = _areas(details, roc, "auroc")
        entry = _entry("ROC", "AUROC", curves.roc(roc, areas), roc, areas)
        found.append({**entry, "mean": len(roc) > 1, "base": "guessing"})
    if pr := _curves(details, "pr"):
        areas, shares = _areas(details, pr, "aupr"), _prevalences(details, pr)
        drawn = curves.precision_recall(pr, areas, shares)
        entry = _entry("Precision and recall", "AUPR", drawn, pr, areas)
        found.append({**entry, "mean": False, "base": _base(shares)})
    return found


def _curves(details: Details, kind: str) -> list[Mapping[str, Any]]:
    """Gives the curves to draw; of two classes the second one's says it all."""
    drawn, classes = list(details.get(kind) or []), details.get("classes") or []
    if details.get("classification_type") == "bc" and len(classes) == 2:
        return [curve for curve in drawn if curve.get("class") == classes[1]] or drawn
    return drawn


def _entry(
    name: str, area: str, svg: Any, drawn: Sequence[Mapping[str, Any]], areas: Mapping[str, Any]
) -> dict[str, Any]:
    legend = [
        {**line, "name": shorten(line["name"], 60), "area": fixed(line["area"])}
        for line in curves.legend(drawn, areas)
    ]
    others = len(drawn) - len(legend)
    thin = f"{others} further classes" if legend else f"{others} classes"
    return {"name": name, "area": area, "svg": svg, "legend": legend, "thin": others and thin}


def _areas(details: Details, drawn: Sequence[Mapping[str, Any]], key: str) -> dict[str, Any]:
    areas = {str(row.get("class")): row.get(key) for row in details.get("per_class") or []}
    if len(drawn) == 1 and details.get("classification_type") == "bc":
        areas[str(drawn[0].get("class", ""))] = (details.get("metrics") or {}).get(f"test_{key}")
    return areas


def _prevalences(details: Details, drawn: Sequence[Mapping[str, Any]]) -> list[float]:
    rows = details.get("per_class") or []
    support = {str(row.get("class")): finite(row.get("support")) for row in rows}
    # for mc a window may have several labels, else every decision has one class
    several = details.get("classification_type") == "mc"
    total = cautions.windows(details) if several else sum(filter(None, support.values()))
    counts = [support.get(str(curve.get("class"))) for curve in drawn]
    return [count / total for count in counts if count and total]


def _base(shares: Sequence[float]) -> str:
    if not shares:
        return ""
    low, high = min(shares), max(shares)
    if high - low < 5e-4:
        return f"guessing: the share of the class, {fixed(low)}"
    return f"guessing: the share of the class, {fixed(low)} to {fixed(high)} (band; dotted: mean)"
