"""What may be said of numbers from folds, which share most of their training data.

There is no unbiased estimate of the variance of a cross-validation (Bengio and Grandvalet, JMLR 5,
2004): two folds' results are correlated, and one run does not tell how much. The t interval and
test below take the correction of Nadeau and Bengio (Machine Learning 52, 2003), which was derived
for random splits, and is wider than the textbook's. It is the usual remedy, and no proof.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np

from components.folds import student

LEVEL = 0.95
RESAMPLES = 10_000
_DIGITS = 12  # of a difference of two shares; the rest is the rounding of floating point


@dataclass(frozen=True)
class Paired:
    """One test of paired differences.

    Attributes:
        statistic: the smaller sum of ranks, or t.
        p: two-sided.
        pairs: that entered.
    """

    statistic: float
    p: float
    pairs: int


def differences(pairs: Iterable[tuple[float, float]]) -> list[float]:
    """The second less the first; of 0.1 + 0.2 and 0.3 that is 0, and not what rounding left."""
    return [round(b - a, _DIGITS) for a, b in pairs]


def error(values: Sequence[float], test_to_train: float) -> float:
    """The corrected standard error of a mean over folds.

    sqrt((1 / k + test / train) * variance), the variance that of a sample (k - 1).

    Args:
        values: one a fold, at least two.
        test_to_train: size of the test split over that of the train split.
    """
    return math.sqrt(1 / len(values) + test_to_train) * stdev(values)


def interval(values: Sequence[float], test_to_train: float) -> tuple[float, float] | None:
    """The 95 % interval of a mean over folds; None for fewer than two."""
    if len(values) < 2:
        return None
    reach = student.quantile(LEVEL, len(values) - 1) * error(values, test_to_train)
    return mean(values) - reach, mean(values) + reach


def corrected_t(differences: Sequence[float], test_to_train: float) -> Paired | None:
    """The corrected resampled t-test on the differences by fold; None for fewer than two."""
    if len(differences) < 2:
        return None
    middle, spread = mean(differences), error(differences, test_to_train)
    t = middle / spread if spread else math.copysign(math.inf, middle) if middle else 0.0
    return Paired(t, student.two_sided(t, len(differences) - 1), len(differences))


def signed_rank(differences: Sequence[float]) -> Paired | None:
    """Wilcoxon's signed-rank test, exact for any number of pairs, ties included.

    Pairs without a difference are left out, as Wilcoxon did (Biometrics Bulletin 1, 1945). Equal
    differences share their mean rank, and the distribution is that of just these ranks with every
    choice of signs: no normal approximation.

    Returns:
        None where no pair differs.
    """
    found = np.round(np.asarray(differences, dtype=float), _DIGITS)  # or equal ones are none
    found = found[found != 0]
    if not len(found):
        return None
    _, places, counts = np.unique(np.abs(found), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    doubled = (2 * last - counts + 1)[places.ravel()]  # twice the mean rank, a whole number
    chances = np.ones(1)  # of each sum of the ranks with a plus, doubled
    for rank in doubled:
        longer = np.zeros(len(chances) + rank)
        longer[: len(chances)] += chances / 2
        longer[rank:] += chances / 2
        chances = longer
    plus = int(doubled[found > 0].sum())
    smaller = min(plus, int(doubled.sum()) - plus)
    p = min(1.0, 2 * float(chances[: smaller + 1].sum()))
    return Paired(smaller / 2, p, len(found))


def least_p(tested: Paired | None) -> float:
    """The least p of Wilcoxon's test with so many pairs: all differ the same way."""
    return 2.0 ** (1 - tested.pairs) if tested else 1.0


def bootstrap(values: Sequence[float], seed: int = 0) -> tuple[float, float] | None:
    """The 95 % percentile interval of a mean, subjects drawn again; None for fewer than two."""
    if len(values) < 2:
        return None
    given = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(seed).integers(0, len(given), (RESAMPLES, len(given)))
    means = given[drawn].mean(axis=1)
    low, high = np.quantile(means, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)
