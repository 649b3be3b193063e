import json
import math
from pathlib import Path

import numpy as np
import pytest
from kfp.dsl import ClassificationMetrics, Metrics
from sklearn.metrics import roc_auc_score

from components.evaluate import kubeflow


def test_a_metric_without_a_value_stands_as_text():
    artifact = Metrics()
    kubeflow.log_metrics(
        artifact,
        {
            "test_acc": 0.5,
            "test_auroc": None,
            "test_loss": math.inf,
            "undefined": {"test_auroc": "one class alone"},
        },
    )
    assert artifact.metadata == {
        "test_acc": 0.5,
        "test_auroc": "undefined: one class alone",
        "test_loss": "undefined: not a finite number",
    }


def test_the_pooled_curve_is_the_one_of_all_decisions():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    scores = rng.dirichlet([1, 1, 1], 60).round(1)  # with ties
    fpr, tpr, thresholds = kubeflow.roc(scores, labels)
    decisions = (labels[:, None] == np.arange(3)).ravel()
    assert len(thresholds) == len(np.unique(scores)) + 1
    for false, true, threshold in zip(fpr, tpr, thresholds, strict=True):
        positive = scores.ravel() >= threshold
        assert true == pytest.approx(positive[decisions].mean())
        assert false == pytest.approx(positive[~decisions].mean())
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)


def test_of_two_classes_the_curve_is_the_second_ones():
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]])
    fpr, tpr, thresholds = kubeflow.roc(scores, np.array([0, 0, 1, 1]))
    assert fpr == [0.0, 0.0, 0.5, 0.5, 1.0]
    assert tpr == [0.0, 0.5, 0.5, 1.0, 1.0]
    assert thresholds[1:] == [0.8, 0.4, 0.35, 0.1]


def test_a_long_curve_is_thinned_and_encloses_the_same_area():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 20000)
    positive = rng.beta(2 + labels, 2, 20000).astype(np.float32)
    fpr, tpr, thresholds = kubeflow.roc(np.stack([1 - positive, positive], 1), labels)
    assert len(thresholds) <= 2 * kubeflow.POINTS + 1
    assert np.trapezoid(tpr, fpr) == pytest.approx(roc_auc_score(labels, positive), abs=1e-4)


def test_what_is_logged_is_json_that_a_cluster_takes(tmp_path):
    rng = np.random.default_rng(1)
    file = tmp_path / "predictions.npz"
    scores = rng.dirichlet([1, 1, 1], 90).astype(np.float32)
    np.savez(file, probabilities=scores, labels=rng.integers(0, 3, 90))
    matrix = [[20.0, 5.0, 5.0]] * 3
    artifact = ClassificationMetrics()
    confusion = {"name": "", "labels": ["a", "b", "c"], "matrix": matrix}
    kubeflow.log_classification(artifact, {"confusion": [confusion]}, file)
    json.dumps(artifact.metadata, allow_nan=False)
    assert artifact.metadata["confusionMatrix"]["rows"][0]["row"] == [20, 5, 5]
    assert artifact.metadata["confidenceMetrics"][0]["recall"] == 0.0


def test_several_labels_have_no_one_matrix_to_show():
    artifact = ClassificationMetrics()
    matrix = {"labels": ["no", "yes"], "matrix": [[1, 0], [0, 1]]}
    content = {"confusion": [{"name": "fist", **matrix}, {"name": "rest", **matrix}]}
    kubeflow.log_classification(artifact, content, Path("none.npz"))
    assert artifact.metadata == {}


def test_a_test_split_of_one_class_has_no_curve():
    assert kubeflow.roc(np.array([[0.2, 0.8], [0.3, 0.7]]), np.array([1, 1])) == ([], [], [])
