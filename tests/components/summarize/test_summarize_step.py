import json
import statistics

import pytest

from components.failures import InputError
from components.summarize.step import run


def result(seed, **metrics):
    return {"seed": seed, "metrics": {"test_balanced_acc": 0.5, **metrics, "undefined": {}}}


def test_mean_and_standard_deviation_are_those_of_a_sample_and_by_seed(tmp_path):
    values = {2: 0.7, 0: 0.5, 1: 0.55}
    results = [result(seed, test_acc=value) for seed, value in values.items()]
    summary = run(results, tmp_path / "summary")
    assert summary.seeds == (0, 1, 2)
    assert summary.metrics["test_acc"].values == (0.5, 0.55, 0.7)
    numbers = summary.numbers()
    assert numbers["test_acc_mean"] == pytest.approx(statistics.mean(values.values()))
    assert numbers["test_acc_std"] == pytest.approx(statistics.stdev(values.values()))
    left = json.loads((tmp_path / "summary/summary.json").read_text())
    assert left["metrics"]["test_acc"]["mean"] == numbers["test_acc_mean"]
    page = (tmp_path / "summary/summary.html").read_text()
    assert "0.5833" in page and "0.1041" in page and "seed 2" in page


def test_a_metric_that_one_seed_lacks_has_no_mean_that_looks_like_one_over_all(tmp_path):
    summary = run([result(0, test_auroc=0.9), result(1, test_auroc=None)], tmp_path / "s")
    assert "test_auroc_mean" not in summary.numbers()
    assert "undefined" in (tmp_path / "s/summary.html").read_text()


def test_one_seed_has_a_mean_and_no_spread(tmp_path):
    numbers = run([result(3)], tmp_path / "s").numbers()
    assert numbers == {"test_balanced_acc_mean": 0.5}


def test_a_seed_that_is_there_twice_is_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(InputError, match=r"seeds=\[1, 1\]: one is there twice"):
        run([result(1), result(1)], tmp_path / "s")
    assert not (tmp_path / "s").exists()
