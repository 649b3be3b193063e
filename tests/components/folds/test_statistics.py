import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from components.folds import student
from components.folds.statistics import bootstrap, corrected_t, interval, signed_rank

FREEDOMS = (1, 2, 3, 4, 5, 14, 29, 30, 200)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_students_tail_and_quantile_are_scipys(freedom):
    for t in (0.0, 0.3, 1.0, 2.145, 5.0, 40.0):
        expected = 2 * stats.t.sf(t, freedom)
        assert student.two_sided(-t, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert student.quantile(0.95, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)


@given(
    st.lists(st.floats(-1, 1).map(lambda d: round(d, 6)), min_size=1, max_size=25, unique_by=abs)
)
def test_the_signed_rank_test_is_scipys_exact_one(differences):
    assume(0 not in differences)
    found = signed_rank(differences)
    expected = stats.wilcoxon(differences, method="exact")
    assert found.statistic == expected.statistic
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_with_ties_and_zeros_it_is_what_all_choices_of_signs_come_to(differences):
    kept = [d for d in differences if d]
    found = signed_rank(differences)
    if not kept:
        assert found is None
        return
    ranks = stats.rankdata(np.abs(kept))
    sums = [np.dot(signs, ranks) for signs in itertools.product((0, 1), repeat=len(kept))]
    smaller = min(np.dot(np.array(kept) > 0, ranks), np.dot(np.array(kept) < 0, ranks))
    share = np.mean(np.array(sums) <= smaller)
    assert found.p == pytest.approx(min(1.0, 2 * share))
    assert (found.statistic, found.pairs) == (smaller, len(kept))


def test_differences_that_are_equal_but_for_rounding_are_ties():
    pairs = [(0.6719, 0.6198), (0.6354, 0.5833), (0.1 + 0.2, 0.3), (0.4, 0.5)]
    assert len({b - a for b, a in pairs[:2]}) == 2  # 0.0521 twice, an ulp apart
    found = signed_rank([b - a for b, a in pairs])
    assert found == signed_rank([0.0521, 0.0521, 0.0, -0.1])


def test_forty_pairs_are_exact_too():
    differences = np.random.default_rng(0).normal(0.2, 1, 40)
    expected = stats.wilcoxon(differences, method="exact").pvalue
    assert signed_rank(differences).p == pytest.approx(expected, rel=1e-9)


def test_the_corrected_t_is_the_textbooks_but_for_the_larger_variance():
    differences = [0.05, -0.01, 0.02, 0.07, 0.03]
    plain = stats.ttest_1samp(differences, 0)
    assert corrected_t(differences, 0).p == pytest.approx(plain.pvalue)
    found = corrected_t(differences, 1 / 4)
    shrunk = plain.statistic * math.sqrt((1 / 5) / (1 / 5 + 1 / 4))
    assert found.statistic == pytest.approx(shrunk)
    assert found.p == pytest.approx(2 * stats.t.sf(shrunk, 4))
    low, high = interval(differences, 1 / 4)
    assert (low + high) / 2 == pytest.approx(np.mean(differences))
    assert (low > 0) == (found.p < 0.05)


def test_no_spread_and_too_few_values_end_in_no_nonsense():
    assert corrected_t([0.1, 0.1], 0.5).p == 0
    assert corrected_t([0.0, 0.0], 0.5).p == 1
    assert interval([0.5], 0.1) is None and corrected_t([0.5], 0.1) is None
    assert bootstrap([0.5]) is None


def test_the_bootstrap_is_scipys():
    values = np.random.default_rng(1).normal(0.1, 0.2, 15)
    expected = stats.bootstrap((values,), np.mean, method="percentile", random_state=0)
    found = bootstrap(values)
    assert found == pytest.approx(tuple(expected.confidence_interval), abs=0.01)
    assert found == bootstrap(values)
