import json
import math

import numpy as np
import pytest
from kfp.dsl import ClassificationMetrics, Metrics
from sklearn.metrics import roc_curve

from components.evaluate import kubeflow


def details(scores, labels, classes):
    """`details.json` of a single-label task as far as Kubeflow's pages go."""
    curves = []
    for index, name in enumerate(classes):
        fpr, tpr, thresholds = roc_curve(labels == index, scores[:, index], drop_intermediate=False)
        keep = np.isfinite(thresholds)
        curves.append(
            {
                "class": name,
                "fpr": fpr[keep].tolist(),
                "tpr": tpr[keep].tolist(),
                "thresholds": thresholds[keep].tolist(),
            }
        )
    support = [{"class": n, "support": int((labels == i).sum())} for i, n in enumerate(classes)]
    matrix = [[0] * len(classes) for _ in classes]
    return {
        "classes": classes,
        "roc": curves,
        "per_class": support,
        "confusion": [{"name": "", "labels": classes, "matrix": matrix}],
    }


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
    curve = kubeflow.roc(details(scores, labels, ["a", "b", "c"]))
    decisions = (labels[:, None] == np.arange(3)).ravel()
    for fpr, tpr, threshold in curve:
        positive = scores.ravel() >= threshold
        assert tpr == pytest.approx(positive[decisions].mean())
        assert fpr == pytest.approx(positive[~decisions].mean())
    assert curve[-1][:2] == (1.0, 1.0)


def test_of_two_classes_the_curve_is_the_second_ones():
    labels = np.array([0, 0, 1, 1])
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]])
    assert kubeflow.roc(details(scores, labels, ["rest", "fist"])) == [
        (0.0, 0.5, 0.8),
        (0.5, 0.5, 0.4),
        (0.5, 1.0, 0.35),
        (1.0, 1.0, 0.1),
    ]


def test_what_is_logged_is_json_that_a_cluster_takes():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 900)
    scores = rng.dirichlet([1, 1, 1, 1], 900)
    artifact = ClassificationMetrics()
    content = details(scores, labels, list("abcd"))
    content["confusion"][0]["matrix"][0][1] = 2.0
    kubeflow.log_classification(artifact, content)
    json.dumps(artifact.metadata, allow_nan=False)
    assert 2 < len(artifact.metadata["confidenceMetrics"]) <= kubeflow.POINTS
    assert artifact.metadata["confusionMatrix"]["rows"][0]["row"] == [0, 2, 0, 0]


def test_several_labels_have_no_one_matrix_to_show():
    artifact = ClassificationMetrics()
    matrix = {"labels": ["no", "yes"], "matrix": [[1, 0], [0, 1]]}
    content = {"confusion": [{"name": "fist", **matrix}, {"name": "rest", **matrix}]}
    kubeflow.log_classification(artifact, content)
    assert artifact.metadata == {}


def test_a_test_split_of_one_class_has_no_curve():
    content = {
        "classes": ["rest", "fist"],
        "per_class": [{"class": "rest", "support": 0}, {"class": "fist", "support": 2}],
        "roc": [{"class": "fist", "fpr": [], "tpr": [], "thresholds": []}],
    }
    assert kubeflow.roc(content) == []
