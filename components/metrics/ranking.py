"""Metrics of scores: the area under the ROC curve and the average precision, exact under ties.

Positives and negatives are sorted apart, and what a metric needs is counted at the positives: how
many of either kind score lower. That takes far less memory than a full table of thresholds.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Ranking:
    """One class against the rest: M decisions, P of them truly of the class.

    Attributes:
        sizes: P, and the number of negatives M - P.
        below: (P,) how many negatives score lower than each positive.
        not_above: (P,) how many negatives score lower or the same.
        under: (P,) how many positives score lower.
        places: of positives and negatives among the decisions, from the lowest score; None where
            they are not asked for.
    """

    sizes: tuple[int, int]
    below: Tensor
    not_above: Tensor
    under: Tensor
    places: tuple[Tensor, Tensor] | None

    @classmethod
    def of(cls, scores: Tensor, positive: Tensor, *, places: bool = False) -> Self:
        """Ranks scores (M,), given whether the class is the true one (M,).

        Args:
            places: whether groups are to be weighed, which takes three times the memory.
        """
        if places:
            (high, positives), (low, negatives) = (
                _placed(scores, chosen) for chosen in (positive, ~positive)
            )
        else:
            high, low = _ascending(scores, positive), _ascending(scores, ~positive)
        return cls(
            (len(high), len(low)),
            places=(positives, negatives) if places else None,
            below=torch.searchsorted(low, high),
            not_above=torch.searchsorted(low, high, right=True),
            under=torch.searchsorted(high, high),
        )

    def areas(
        self, weights: Tensor | None = None, groups: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The area under the ROC curve and the average precision.

        Args:
            weights: (R, S) int64, how often each of S groups counts, in R resamples; without it
                every decision counts once. With it the ranking must have places.
            groups: (M,) the group of each decision.

        Returns:
            Two float64 of shape () or (R,); NaN where one of the outcomes does not occur.
        """
        own: Tensor | int = 1
        below, not_above, under = self.below, self.not_above, self.under
        hits, alarms = below.new_tensor(self.sizes)
        if weights is not None:
            # index_select takes half the time of an index in brackets.
            positives, negatives = self.places
            own = weights.index_select(1, groups[positives])
            lower_hits = _running(own)
            lower_alarms = _running(weights.index_select(1, groups[negatives]))
            below = lower_alarms.index_select(1, below)
            not_above = lower_alarms.index_select(1, not_above)
            under = lower_hits.index_select(1, under)
            hits, alarms = lower_hits[:, -1], lower_alarms[:, -1]
        # Whole numbers up to here and in this sum, so that it is exact; a tie counts one half.
        auroc = (own * (below + not_above)).sum(-1) / (2.0 * hits.double() * alarms)
        accepted_hits = hits[..., None] - under
        accepted = (alarms[..., None] - below).add_(accepted_hits).clamp_(min=1)
        steps = accepted_hits.double().mul_(own).div_(accepted)
        precision = torch.where(alarms > 0, steps.sum(-1) / hits.double(), torch.nan)
        return auroc, precision


def _ascending(scores: Tensor, chosen: Tensor) -> Tensor:
    """The chosen scores, sorted."""
    if scores.device.type != "cpu":
        return scores[chosen].sort().values
    picked = scores.numpy()[chosen.numpy()]
    picked.sort()  # in place; torch's takes five times as long, and sorts places too
    return torch.from_numpy(picked)


def _placed(scores: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """The chosen scores, sorted, and their places."""
    places = chosen.nonzero().squeeze(1)
    ordered, order = scores[places].sort()
    return ordered, places[order]


def _running(weights: Tensor) -> Tensor:
    """Sums of the first 0, 1, ... columns of (R, M): (R, M + 1)."""
    return torch.nn.functional.pad(weights.cumsum(1), (1, 0))
