import pytest
from scipy import stats

from components.failures import InputError
from components.folds.comparison import compare
from components.folds.summary import summarized
from tests.components.folds.crossed import results

FIRST, SECOND = (0.5, 0.6, 0.7, 0.8, 0.4), (0.55, 0.58, 0.79, 0.87, 0.52)


def crossed(values, **more):
    return summarized(results(values, **more))


def test_subjects_are_pairs_and_a_difference_is_the_second_less_the_first():
    found = compare(crossed(FIRST), crossed(SECOND), "balanced_acc")
    assert [row["difference"] for row in found.subjects] == pytest.approx(
        [0.05, -0.02, 0.09, 0.07, 0.12]
    )
    assert (found.higher, found.lower, found.equal) == (4, 1, 0)
    assert found.difference == pytest.approx(found.second - found.first)
    low, high = found.interval
    assert low < found.difference < high
    expected = stats.wilcoxon(SECOND, FIRST, method="exact")
    assert found.wilcoxon.p == pytest.approx(expected.pvalue)
    assert found.least_p == pytest.approx(2 / 2**5)  # what five subjects can show at most
    turned = compare(crossed(SECOND), crossed(FIRST), "balanced_acc")
    assert turned.wilcoxon.p == pytest.approx(found.wilcoxon.p)
    assert turned.corrected_t.statistic == pytest.approx(-found.corrected_t.statistic)


def test_who_has_no_value_is_left_out_by_name():
    found = compare(crossed(FIRST, auroc=False), crossed(SECOND), "auroc")
    assert found.left_out == ["ann"]
    assert found.wilcoxon.pairs == 4
    assert found.corrected_t is None


def test_the_same_run_twice_is_no_difference():
    found = compare(crossed(FIRST), crossed(FIRST), "balanced_acc")
    assert (found.difference, found.wilcoxon, found.corrected_t.p) == (0, None, 1)


def test_what_rounding_leaves_is_no_difference_to_anyone():
    found = compare(crossed((0.3, 0.5, 0.7)), crossed((0.1 + 0.2, 0.6, 0.8)), "balanced_acc")
    assert (found.higher, found.lower, found.equal) == (2, 0, 1)
    assert (found.wilcoxon.pairs, found.wilcoxon.p) == (2, 0.5)
    assert found.least_p == 0.5, "of the two pairs that differ, not of three"
    alike = compare(crossed((0.3, 0.5, 0.7)), crossed((0.1 + 0.2, 0.5, 0.7)), "balanced_acc")
    assert alike.corrected_t.p == 1


@pytest.mark.parametrize(
    ("second", "metric", "told"),
    [
        (crossed(SECOND, seed=1), "acc", r"differ in their data.fold_seed \(0 and 1\)"),
        (crossed(SECOND, data="other"), "acc", r"differ in their data \(data and other\)"),
        (crossed(SECOND[:4]), "acc", r"differ in their number of folds \(5 and 4\)"),
        ({"seeds": [0, 1], "metrics": {}}, "acc", "the second run: is no cross-validation"),
        (crossed(SECOND), "balanced", "--metric balanced: unknown; there are balanced_acc, auroc"),
        (crossed(SECOND), "fold", "--metric fold: unknown"),
    ],
)
def test_what_makes_no_pairs_is_refused(second, metric, told):
    with pytest.raises(InputError, match=told):
        compare(crossed(FIRST), second, metric)
