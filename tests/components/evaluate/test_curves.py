import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from components.evaluate.curves import POINTS, curves, thinned
from components.objectives import Binary, MultiClass


def decided(objective, windows, ties=False):
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(objective.num_classes, (windows,), generator=rng)
    logits = torch.randn(windows, objective.num_logits, generator=rng)
    logits += torch.nn.functional.one_hot(labels, objective.num_classes)
    return objective.decisions(objective.probabilities(logits.round() if ties else logits), labels)


def gap(x, y, drawn_x, drawn_y):
    """How far a curve's points are, at most, from the line through the drawn ones."""
    fine = np.linspace(0, len(drawn_x) - 1, 200 * len(drawn_x))
    line = [np.interp(fine, np.arange(len(drawn_x)), drawn) for drawn in (drawn_x, drawn_y)]
    points = np.stack([x, y], 1)[:: max(1, len(x) // 100), None]
    return np.abs(points - np.stack(line, 1)).sum(2).min(1).max()


@pytest.mark.parametrize("windows", [30, 5000])
@pytest.mark.parametrize("ties", [False, True])
def test_few_points_keep_the_shape(windows, ties):
    decisions = decided(Binary(2), windows, ties)
    roc, pr = curves(decisions, ["rest", "fist"])
    scores, positive = (x.numpy() for x in decisions.one_against_rest(1))
    assert [curve["class"] for curve in roc] == ["fist"]
    fpr, tpr, _ = sk.roc_curve(positive, scores)
    assert gap(fpr, tpr, roc[0]["fpr"], roc[0]["tpr"]) < 0.01
    area = sk.auc(roc[0]["fpr"], roc[0]["tpr"])
    assert area == pytest.approx(sk.roc_auc_score(positive, scores), abs=0.005)
    assert (roc[0]["fpr"][-1], roc[0]["tpr"][-1]) == (1, 1)
    assert len(roc[0]["fpr"]) <= POINTS
    assert len(pr[0]["recall"]) <= POINTS
    precision, recall, _ = sk.precision_recall_curve(positive, scores)
    before = recall < 1  # what comes after the last positive is not drawn
    assert gap(recall[before], precision[before], pr[0]["recall"], pr[0]["precision"]) < 0.03


def test_thresholds_are_finite_and_mean_what_they_say():
    decisions = decided(Binary(2), 300, ties=True)
    (roc,), _ = curves(decisions, ["rest", "fist"])
    scores, positive = (x.numpy() for x in decisions.one_against_rest(1))
    assert np.isfinite(roc["thresholds"]).all()
    assert (np.diff(roc["thresholds"]) < 0).all()
    for fpr, tpr, threshold in zip(roc["fpr"], roc["tpr"], roc["thresholds"], strict=True):
        assert tpr == pytest.approx((scores[positive] >= threshold).mean())
        assert fpr == pytest.approx((scores[~positive] >= threshold).mean())


def test_a_class_with_one_outcome_has_no_curve():
    decisions = decided(MultiClass(3), 60)
    seen = decisions.select(decisions.labels != 1)
    roc, pr = curves(seen, ["rest", "open", "fist"])
    assert [curve["class"] for curve in roc] == ["rest", "fist"]
    assert [curve["class"] for curve in pr] == ["rest", "fist"]


def test_thinning_follows_a_steep_rise():
    x = np.concatenate([np.zeros(1000), np.linspace(0, 1, 100_000) ** 3])
    y = np.concatenate([np.linspace(0, 0.9, 1000), np.linspace(0.9, 1, 100_000)])
    kept = thinned(x, y)
    assert kept[0] == 0
    assert kept[-1] == len(x) - 1
    assert len(kept) <= POINTS
    assert gap(x, y, x[kept], y[kept]) < 0.01
