"""What Kubeflow's own pages show of an evaluation: numbers, confusion matrix, ROC curve.

The artifacts of KFP carry their content as metadata, which must be finite: a NaN or an infinity
fails the task on a cluster after all the work is done.
"""

import math
from bisect import bisect_right
from typing import Any

POINTS = 200


def log_metrics(artifact, metrics: dict[str, Any]) -> None:
    """Logs the numbers; what is undefined stands as text beside them, with its reason.

    Args:
        artifact: a `kfp.dsl.Metrics`.
        metrics: the content of `metrics.json`.
    """
    reasons = metrics.get("undefined", {})
    for name, value in metrics.items():
        if isinstance(value, (int, float)) and math.isfinite(value):
            artifact.log_metric(name, value)
        elif name != "undefined":
            artifact.metadata[name] = f"undefined: {reasons.get(name, 'not a finite number')}"


def log_classification(artifact, details: dict[str, Any]) -> None:
    """Logs confusion matrix and ROC curve of a single-label task; of others there is no one of.

    Args:
        artifact: a `kfp.dsl.ClassificationMetrics`.
        details: the content of `details.json`.
    """
    confusion = details["confusion"]
    if len(confusion) != 1 or confusion[0]["name"]:
        return
    matrix = [[int(count) for count in row] for row in confusion[0]["matrix"]]
    artifact.log_confusion_matrix([str(label) for label in confusion[0]["labels"]], matrix)
    if curve := roc(details):
        artifact.log_roc_curve(*map(list, zip(*curve, strict=True)))


def roc(details: dict[str, Any]) -> list[tuple[float, float, float]]:
    """The one ROC curve that KFP has room for, at most `POINTS` points.

    Of two classes it is the second one's. Of more it is the pooled one: every window is one
    decision for each class, against the rest, and all decisions share the threshold. It is as
    fine as the curves in `details`, which are thinned already.

    Returns:
        (false positive rate, true positive rate, threshold), thresholds finite and falling.
    """
    classes = details["classes"]
    curves = [curve for curve in details["roc"] if curve["thresholds"]]
    if len(classes) == 2:
        curves = [curve for curve in curves if curve["class"] == classes[1]]
    support = {row["class"]: row["support"] for row in details["per_class"]}
    windows = sum(support.values())
    positives = [support[curve["class"]] for curve in curves]
    negatives = [windows - count for count in positives]
    if not sum(positives) or not sum(negatives):
        return []
    steps = [_steps(curve) for curve in curves]
    thresholds = sorted({step[0] for points in steps for step in points}, reverse=True)
    return [
        (_pooled(steps, 1, negatives, at), _pooled(steps, 2, positives, at), at)
        for at in _thinned(thresholds)
    ]


def _steps(curve: dict[str, list]) -> list[tuple[float, float, float]]:
    points = zip(curve["thresholds"], curve["fpr"], curve["tpr"], strict=True)
    return sorted((p for p in points if all(map(math.isfinite, p))), reverse=True)


def _pooled(steps: list[list[tuple]], column: int, counts: list[int], threshold: float) -> float:
    """The rate over all curves at one threshold, each weighted by its count of windows."""
    total = 0.0
    for points, count in zip(steps, counts, strict=True):
        at = bisect_right(points, -threshold, key=lambda point: -point[0])
        total += count * (points[at - 1][column] if at else 0.0)
    return total / sum(counts)


def _thinned(values: list[float]) -> list[float]:
    if len(values) <= POINTS:
        return values
    return [values[round(i * (len(values) - 1) / (POINTS - 1))] for i in range(POINTS)]
