"""ROC and precision-recall curves with few points, all of them finite."""

import numpy as np

from components.metrics import Decisions

POINTS = 200


def curves(decisions: Decisions, names: list[str]) -> tuple[list[dict], list[dict]]:
    """Curves of every class that has both outcomes in the truth.

    Args:
        decisions: on the test split.
        names: of the classes.

    Returns:
        ROC curves with "class", "fpr", "tpr" and "thresholds" (falling; a window is accepted from
        the threshold upwards), and precision-recall curves with "class", "recall" (rising) and
        "precision"; at most `POINTS` points each.
    """
    roc, pr = [], []
    for index in decisions.ranked:
        scores, positive = (x.cpu().numpy() for x in decisions.one_against_rest(index))
        if positive.all() or not positive.any():
            continue
        thresholds, hits, alarms = _counts(scores, positive)
        roc.append({"class": names[index]} | _roc(thresholds, hits, alarms))
        pr.append({"class": names[index]} | _precision_recall(hits, alarms))
    return roc, pr


def _counts(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, ...]:
    """True and false positives at each distinct score, from the highest."""
    order = np.argsort(-scores)
    ordered, positive = scores[order], positive[order]
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits = np.cumsum(positive)[ends]
    return ordered[ends], hits, ends + 1 - hits


def _roc(thresholds: np.ndarray, hits: np.ndarray, alarms: np.ndarray) -> dict[str, list[float]]:
    # The curve starts where nothing is accepted: at a threshold just above every score, because
    # an infinite one can be neither stored as JSON nor logged to Kubeflow.
    above = np.nextafter(thresholds[0], np.inf)
    thresholds = np.append(above, thresholds)
    fpr = np.append(0, alarms) / alarms[-1]
    tpr = np.append(0, hits) / hits[-1]
    kept = thinned(fpr, tpr)
    columns = {"fpr": fpr, "tpr": tpr, "thresholds": thresholds}
    return {name: column[kept].tolist() for name, column in columns.items()}


def _precision_recall(hits: np.ndarray, alarms: np.ndarray) -> dict[str, list[float]]:
    # What comes after the last positive is found lowers the precision at a recall of 1 only.
    until = np.searchsorted(hits, hits[-1]) + 1
    hits, alarms = hits[:until], alarms[:until]
    recall = np.append(0, hits / hits[-1])
    precision = np.append(1, hits / (hits + alarms))
    kept = thinned(recall, precision)
    return {"recall": recall[kept].tolist(), "precision": precision[kept].tolist()}


def thinned(x: np.ndarray, y: np.ndarray, points: int = POINTS) -> np.ndarray:
    """Chooses points evenly along a curve's length, both ends among them.

    No point of the curve is then further from a chosen one than its length over `points` - 1.

    Args:
        x: (n,) in 0..1.
        y: (n,) in 0..1.
        points: how many to choose at most.

    Returns:
        Rising indices, at most `points`.
    """
    corner = np.ones(len(x), dtype=bool)
    # A point amid a level or upright run adds nothing. (Slanting runs stay: on a smooth curve
    # every three neighbours are straight.)
    flat = [(np.diff(axis)[1:] == 0) & (np.diff(axis)[:-1] == 0) for axis in (x, y)]
    corner[1:-1] = ~(flat[0] | flat[1])
    kept = np.flatnonzero(corner)
    if len(kept) <= points:
        return kept
    x, y = x[kept], y[kept]
    length = np.append(0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    at = np.searchsorted(length, np.linspace(0, length[-1], points))
    return kept[np.unique(np.append(0, at.clip(max=len(kept) - 1)))][:points]
