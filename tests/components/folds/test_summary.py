import json
import math

import numpy as np
import pytest
from scipy import stats

from components import parameters
from components.failures import InputError
from components.folds import told
from components.folds.comparison import compare
from components.folds.summary import summarized
from components.summarize.step import run
from tests.components.folds.crossed import NAMES, results

VALUES = (0.5, 0.6, 0.7, 0.8, 0.4)


def test_the_interval_is_wider_than_the_textbooks_by_what_the_folds_share():
    spread = summarized(results(VALUES))["metrics"]["test_balanced_acc"]
    assert spread["mean"] == pytest.approx(np.mean(VALUES))
    assert spread["std"] == pytest.approx(np.std(VALUES, ddof=1))
    plain = stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    low, high = spread["interval"]
    # Of five people one is tested and four are trained on or chosen by.
    wider = math.sqrt((1 / 5 + 1 / 4) / (1 / 5))
    assert high - low == pytest.approx((plain.high - plain.low) * wider)


def test_all_windows_count_once_in_what_is_pooled():
    found = summarized(results(VALUES))
    assert found["windows"] == 1000
    assert found["pooled"]["test_acc"] == pytest.approx(np.mean(VALUES))
    assert found["pooled"]["test_loss"] == pytest.approx(1 - np.mean(VALUES))
    assert "test_auroc" not in found["pooled"]
    assert [row["subject"] for row in found["by_subject"]] == list(NAMES)


def test_a_metric_that_one_fold_lacks_has_no_mean_that_looks_like_one_over_all():
    found = summarized(results(VALUES, auroc=False))["metrics"]["test_auroc"]
    assert (found["mean"], found["interval"]) == (None, None)


def many(subjects, of):
    """The details of a fold with so many test subjects."""
    rng = np.random.default_rng(0)
    names = [f"subject {i:05}" for i in range(subjects)]
    rows = [{"subject": n, "windows": 9, "balanced_acc": rng.random()} for n in names]
    parts = {"train": ["a"], "val": ["b"], "test": names, "data": {"test": "etag"}}
    return {
        "fold": {"number": 1, "of": of, "seed": 0, **parts},
        "data": {split: {"windows": 9} for split in ("train", "val", "test")},
        "classification_type": "mcc",
        "confusion": [{"matrix": rng.integers(0, 99, (8, 8)).tolist()}],
        "by_subject": rows,
        "provenance": {"model": "a.Model"},
    }


@pytest.mark.parametrize(("subjects", "of"), [(1, 50), (60, 50), (500, 5), (20_000, 2)])
def test_what_all_folds_tell_fits_into_one_argument_of_a_command(subjects, of):
    details = many(subjects, of)
    found = told(details)
    text = parameters.pack({"seed": 0, "metrics": {}, **found}, always=True)
    assert 2 * of * len(text) < 128 * 1024  # as KFP hands it over
    assert found["fold"]["subjects"]["test"] == subjects
    assert (found["by_subject"] == details["by_subject"]) == (subjects == 1)


def test_what_had_no_room_is_missing_from_the_summary_and_not_made_up():
    cut = results(VALUES)
    cut[2] |= {"by_subject": [], "confusion": []}
    found = summarized(cut)
    assert found["by_subject"] == []
    assert found["pooled"] == {"test_loss": pytest.approx(1 - np.mean(VALUES))}
    assert found["metrics"]["test_balanced_acc"]["mean"] == pytest.approx(np.mean(VALUES))
    with pytest.raises(InputError, match="too many subjects for a summary's table"):
        compare(found, found, "balanced_acc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r[:-1], r"folds=\[1, 2, 3, 4\]: of 5 folds each must be there once"),
        (lambda r: [*r[:-1], r[0]], r"folds=\[1, 1, 2, 3, 4\]"),
        (lambda r: [*r[:-1], *results(VALUES, seed=1)[-1:]], "their seed differs"),
        (lambda r: [*r[:-1], *results(VALUES, data="x")[-1:]], "their data differs"),
        (lambda r: [*r[:-1], {"seed": 0, "metrics": {}}], "some results are of a fold"),
    ],
)
def test_what_is_not_one_cross_validation_is_refused(change, message, tmp_path):
    with pytest.raises(InputError, match=message):
        run(change(results(VALUES)), tmp_path / "summary")
    assert not (tmp_path / "summary").exists()


def test_it_leaves_a_table_of_folds_and_numbers_for_kubeflow(tmp_path):
    done = run(results(VALUES, auroc=False)[::-1], tmp_path / "summary")
    left = json.loads((tmp_path / "summary/summary.json").read_text())
    assert left == done.content
    assert left["kind"] == "folds"
    page = (tmp_path / "summary/summary.html").read_text()
    assert all(name in page for name in NAMES)
    assert "0.6000" in page and "Nadeau" in page
    numbers = done.numbers()
    assert numbers["test_balanced_acc_pooled"] == pytest.approx(0.6)
    assert numbers["test_balanced_acc_low"] < 0.6 < numbers["test_balanced_acc_high"]
    assert "test_auroc_mean" not in numbers and None not in numbers.values()
