"""Metrics of decisions, from confusion matrices alone.

Every function takes any number of leading dimensions, so that a thousand resamples are counted as
one. Rows are the truth, columns the predictions; undefined is NaN.
"""

import torch
from torch import Tensor


def per_class(confusion: Tensor) -> dict[str, Tensor]:
    """Support, recall, precision and F1 of each class; 0 where a division by zero would be.

    Args:
        confusion: (..., K, K) counts.

    Returns:
        (..., K) float64 each.
    """
    confusion = confusion.double()
    hits = confusion.diagonal(dim1=-2, dim2=-1)
    support, predicted = confusion.sum(-1), confusion.sum(-2)
    return {
        "support": support,
        "recall": _or_zero(hits, support),
        "precision": _or_zero(hits, predicted),
        "f1_score": _or_zero(2 * hits, support + predicted),
    }


def macro(confusion: Tensor) -> dict[str, Tensor]:
    """Metrics of one decision among K classes.

    Recall, precision and F1 are means over the classes that occur in truth or prediction,
    `balanced_acc` is the mean recall over those in the truth.

    Args:
        confusion: (..., K, K) counts.

    Returns:
        (...) float64 each; NaN without any window, and for `cohen_kappa` where truth and
        prediction are all of one class (scikit-learn returns NaN there too).
    """
    classes = per_class(confusion)
    confusion = confusion.double()
    hits = confusion.diagonal(dim1=-2, dim2=-1).sum(-1)
    support, predicted = confusion.sum(-1), confusion.sum(-2)
    total = support.sum(-1)
    in_truth, occurs = (support > 0).sum(-1), (support + predicted > 0).sum(-1)
    by_chance = (support * predicted).sum(-1)
    return {
        "acc": hits / total,
        "balanced_acc": classes["recall"].sum(-1) / in_truth,
        **{name: classes[name].sum(-1) / occurs for name in ("recall", "precision", "f1_score")},
        "cohen_kappa": 1 - (total - hits) * total / (total * total - by_chance),
    }


def two_class(confusion: Tensor) -> dict[str, Tensor]:
    """`macro`, and the recall of class 1 (sensitivity) and of class 0 (specificity).

    Args:
        confusion: (..., 2, 2) counts.
    """
    share = confusion.double() / confusion.double().sum(-1, keepdim=True)
    return macro(confusion) | {"sensitivity": share[..., 1, 1], "specificity": share[..., 0, 0]}


def per_label(confusion: Tensor) -> dict[str, Tensor]:
    """Metrics of L yes-or-no decisions, each by itself; recall and the like are those of yes.

    Args:
        confusion: (..., L, 2, 2) counts.

    Returns:
        (..., L) float64 each.
    """
    positive = {name: value[..., 1] for name, value in per_class(confusion).items()}
    both = macro(confusion)
    return {
        "acc": both["acc"],
        "balanced_acc": both["balanced_acc"],
        **{name: positive[name] for name in ("recall", "precision", "f1_score")},
        "cohen_kappa": both["cohen_kappa"],
    }


def _or_zero(numerator: Tensor, denominator: Tensor) -> Tensor:
    return torch.where(denominator > 0, numerator / denominator.clamp(min=1), 0.0)
