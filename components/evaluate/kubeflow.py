"""What Kubeflow's own pages show of an evaluation: numbers, confusion matrix, ROC curve.

The artifacts of KFP carry their content as metadata, which must be finite: a NaN or an infinity
fails the task on a cluster after all the work is done.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np

POINTS = 100


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


def log_classification(artifact, details: dict[str, Any], predictions: Path) -> None:
    """Logs confusion matrix and ROC curve of a single-label task; several labels have no one of.

    Args:
        artifact: a `kfp.dsl.ClassificationMetrics`.
        details: the content of `details.json`.
        predictions: the file `predictions.npz`.
    """
    confusion = details["confusion"]
    if len(confusion) != 1 or confusion[0]["name"]:
        return
    matrix = [[int(count) for count in row] for row in confusion[0]["matrix"]]
    artifact.log_confusion_matrix([str(label) for label in confusion[0]["labels"]], matrix)
    with np.load(predictions) as columns:
        artifact.log_roc_curve(*roc(columns["probabilities"], columns["labels"]))


def roc(probabilities: np.ndarray, labels: np.ndarray) -> tuple[list[float], ...]:
    """The one ROC curve that KFP has room for.

    Of two classes it is the second one's. Of more it is the pooled one: every window is one
    decision for each class, against the rest, and all decisions share the threshold.

    Args:
        probabilities: (N, K).
        labels: (N,) from 0 to K - 1.

    Returns:
        False positive rates, true positive rates and thresholds, finite and falling; at most
        `2 * POINTS + 1`, no two further apart than a `POINTS`th in either rate unless scores tie.
        Nothing when only one outcome occurs.
    """
    classes = np.arange(probabilities.shape[1])
    if len(classes) == 2:
        probabilities, classes = probabilities[:, 1:], classes[1:]
    scores = probabilities.astype(np.float64).ravel()
    truth = (labels[:, None] == classes).ravel()
    if truth.all() or not truth.any():
        return [], [], []
    outcomes = [np.sort(scores[~truth]), np.sort(scores[truth])]
    shares = np.linspace(0, 1, POINTS)
    chosen = np.unique([np.quantile(o, shares, method="lower") for o in outcomes])[::-1]
    thresholds = np.append(np.nextafter(chosen[0], np.inf), chosen)
    rates = [1 - np.searchsorted(outcome, thresholds) / len(outcome) for outcome in outcomes]
    return (*(rate.tolist() for rate in rates), thresholds.tolist())
