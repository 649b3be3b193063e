"""What can be wrong with the labels of a dataset, told with the values seen and the key to set."""

from collections.abc import Sequence

import numpy as np

from components.failures import InputError


def shape_complaint(
    labels: np.ndarray, wanted: Sequence[int], meaning: str, kind: str, width_key: str | None
) -> str | None:
    """Says that labels (N, *wanted) have another shape, or None.

    Args:
        labels: labels of N windows.
        wanted: shape of one window's label.
        meaning: what such a label is, in words.
        kind: the classification type, as configured.
        width_key: the key that sets the width of a label, where it has one.
    """
    if labels.ndim and labels.shape[1:] == tuple(wanted):
        return None
    remedy = "set classification_type to what the labels are (bc mcc ml: (N,); mc mmc: (N, L))"
    if width_key and labels.ndim == 2:
        remedy = f"set {width_key}={labels.shape[1]} or another classification_type"
    shape = ", ".join(["N", *map(str, wanted)]) if wanted else "N,"
    return (
        f"labels have the shape {labels.shape}, but classification_type={kind} takes "
        f"({shape}), {meaning}; {remedy}"
    )


def value_complaint(labels: np.ndarray, count: int, kind: str, num_classes: int) -> str | None:
    """Says that labels are no integers in 0..count - 1, or None."""
    if labels.dtype.kind not in "biuf":
        return f"labels are stored as {labels.dtype}; store class numbers (integers from 0)"
    if labels.dtype.kind == "f":
        odd = labels[~(np.isfinite(labels) & (labels == np.round(labels)))]
        if odd.size:
            return f"labels hold {odd.flat[0]}, which is no class number; store integers from 0"
    if labels.size == 0 or (labels.min() >= 0 and labels.max() < count):
        return None
    low, high = int(labels.min()), int(labels.max())
    if low < 0:
        remedy = "leave out or renumber the windows with a negative label"
    elif count == num_classes:
        remedy = f"set num_classes={high + 1} (and the classification_type for it) or renumber"
    else:
        remedy = "set another classification_type or renumber"
    return (
        f"labels run from {low} to {high}, but classification_type={kind} with "
        f"num_classes={num_classes} takes 0 to {count - 1}; {remedy}"
    )


def class_balance(labels: np.ndarray, num_classes: int) -> list[float]:
    """N / (K * count) for each class.

    Raises:
        InputError: a class does not occur.
    """
    counts = np.bincount(np.ravel(labels).astype(np.int64), minlength=num_classes)
    _refuse_absent(np.flatnonzero(counts == 0), "class")
    return [float(counts.sum() / (counts.size * count)) for count in counts]


def positive_balance(labels: np.ndarray) -> list[float]:
    """Negatives for each positive, for each label of (N, L).

    Raises:
        InputError: a label is always or never set.
    """
    positives = np.asarray(labels).astype(bool).sum(0)
    negatives = len(labels) - positives
    _refuse_absent(np.flatnonzero((positives == 0) | (negatives == 0)), "outcome of label")
    return [float(ratio) for ratio in negatives / positives]


def _refuse_absent(missing: np.ndarray, what: str) -> None:
    if missing.size:
        raise InputError(
            f"objective.class_weights=balanced: the train split lacks {what} "
            f"{', '.join(map(str, missing))}; set it to numbers or to null"
        )
