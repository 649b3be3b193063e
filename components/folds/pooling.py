"""Metrics of all folds' decisions together, from their confusion matrices.

Counts may be added up, whichever model they are of. Scores may not: two models' probabilities have
no common scale, and AUROC over both would tell that too (Forman and Scholz, SIGKDD Explorations
12, 2010). So AUROC and AUPR have means over folds and no pooled value. The definitions are those of
`components.metrics.counting`, without torch.
"""

from collections.abc import Sequence

import numpy as np

LABELS = "mc"  # the classification type whose matrices are averaged; others add theirs up
BINARY = "bc"


def pooled(matrices: Sequence[np.ndarray], classification_type: str) -> dict[str, float | None]:
    """Every metric that needs no scores.

    Args:
        matrices: (G, K, K) counts of each fold, rows the truth.

    Returns:
        By the names of `metrics.json`; None where undefined.
    """
    counts = np.sum(matrices, axis=0, dtype=np.float64)
    if classification_type == LABELS:
        return _mean([_label(matrix) for matrix in counts])
    matrix = counts.sum(axis=0)
    found = _macro(matrix)
    if classification_type == BINARY:
        share = _over(matrix, matrix.sum(axis=1, keepdims=True))
        found |= {"sensitivity": share[1, 1], "specificity": share[0, 0]}
    return _mean([found])


def _macro(matrix: np.ndarray) -> dict[str, float]:
    hits, truth, said = matrix.diagonal(), matrix.sum(1), matrix.sum(0)
    total, occurs = truth.sum(), truth + said > 0
    recall, precision, f1 = _classes(matrix)
    by_chance = (truth * said).sum()
    return {
        "acc": _over(hits.sum(), total),
        "balanced_acc": _over(recall.sum(), (truth > 0).sum()),
        "recall": _over(recall.sum(), occurs.sum()),
        "precision": _over(precision.sum(), occurs.sum()),
        "f1_score": _over(f1.sum(), occurs.sum()),
        "cohen_kappa": 1 - _over((total - hits.sum()) * total, total * total - by_chance),
    }


def _label(matrix: np.ndarray) -> dict[str, float]:
    recall, precision, f1 = (column[1] for column in _classes(matrix))
    return _macro(matrix) | {"recall": recall, "precision": precision, "f1_score": f1}


def _classes(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Recall, precision and F1 of each class; 0 where a division by zero would be."""
    hits, truth, said = matrix.diagonal(), matrix.sum(1), matrix.sum(0)
    pairs = ((hits, truth), (hits, said), (2 * hits, truth + said))
    return tuple(np.nan_to_num(_over(part, whole)) for part, whole in pairs)


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.divide(part, whole)


def _mean(parts: Sequence[dict[str, float]]) -> dict[str, float | None]:
    """Over the labels that define a metric."""
    columns = {f"test_{name}": np.array([part[name] for part in parts]) for name in parts[0]}
    return {
        name: float(values[np.isfinite(values)].mean()) if np.isfinite(values).any() else None
        for name, values in columns.items()
    }
