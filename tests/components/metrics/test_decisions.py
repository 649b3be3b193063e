"""Every number against scikit-learn's own calls, which state the definitions."""

import math
import warnings

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from components.failures import Failure, InputError
from components.objectives import Binary, MultiClass, MultiLabel, MultiOutput

TOLERANCE = 1e-6


def expected_single(probabilities, labels):
    """Scikit-learn's numbers for one class of K a row."""
    predicted = probabilities.argmax(1)
    present = [k for k in range(probabilities.shape[1]) if 0 < (labels == k).sum() < len(labels)]
    macro = {"average": "macro", "zero_division": 0}
    return {
        "acc": sk.accuracy_score(labels, predicted),
        "balanced_acc": sk.balanced_accuracy_score(labels, predicted),
        "recall": sk.recall_score(labels, predicted, **macro),
        "precision": sk.precision_score(labels, predicted, **macro),
        "f1_score": sk.f1_score(labels, predicted, **macro),
        "cohen_kappa": sk.cohen_kappa_score(labels, predicted),
        "auroc": mean(sk.roc_auc_score(labels == k, probabilities[:, k]) for k in present),
        "aupr": mean(sk.average_precision_score(labels == k, probabilities[:, k]) for k in present),
    }


def expected_binary(probabilities, labels):
    """As for K classes, but areas of class 1 alone, with sensitivity and specificity."""
    predicted, score = probabilities.argmax(1), probabilities[:, 1]
    both = 0 < labels.sum() < len(labels)
    recalls = [
        sk.recall_score(labels, predicted, pos_label=k) if (labels == k).any() else math.nan
        for k in (0, 1)
    ]
    return expected_single(probabilities, labels) | {
        "auroc": sk.roc_auc_score(labels, score) if both else math.nan,
        "aupr": sk.average_precision_score(labels, score) if both else math.nan,
        "sensitivity": recalls[1],
        "specificity": recalls[0],
    }


def expected_multi_label(probabilities, labels):
    """Means over the labels of each label's own."""
    predicted = (probabilities > 0.5).astype(int)
    columns = list(zip(labels.T, predicted.T, strict=True))
    mixed = [k for k in range(labels.shape[1]) if 0 < labels[:, k].sum() < len(labels)]
    macro = {"average": "macro", "zero_division": 0}
    return {
        "acc": sk.accuracy_score(labels.ravel(), predicted.ravel()),
        "balanced_acc": mean(sk.balanced_accuracy_score(*pair) for pair in columns),
        "recall": sk.recall_score(labels, predicted, **macro),
        "precision": sk.precision_score(labels, predicted, **macro),
        "f1_score": sk.f1_score(labels, predicted, **macro),
        "cohen_kappa": mean(sk.cohen_kappa_score(*pair) for pair in columns),
        "auroc": mean(sk.roc_auc_score(labels[:, k], probabilities[:, k]) for k in mixed),
        "aupr": mean(sk.average_precision_score(labels[:, k], probabilities[:, k]) for k in mixed),
    }


def expected_multi_output(probabilities, labels):
    """Every output of every window is one row."""
    return expected_single(probabilities.reshape(-1, probabilities.shape[-1]), labels.ravel())


def mean(values):
    """Mean of the numbers that are defined."""
    kept = [value for value in values if not math.isnan(value)]
    return float(np.mean(kept)) if kept else math.nan


KINDS = {
    "bc": (Binary(2), expected_binary),
    "mcc": (MultiClass(6), expected_single),
    "mc": (MultiLabel(5), expected_multi_label),
    "mmc": (MultiOutput(4, num_outputs=3), expected_multi_output),
}
WINDOWS = {"one": 1, "few": 7, "many": 700}


def made(objective, windows, seed, ties=False, absent=False):
    """Random probabilities and labels; with ties, many of the scores are the same."""
    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(windows, objective.num_logits, generator=rng)
    if ties:
        logits = logits.round()
    high = max(1, objective.label_count - 1) if absent else objective.label_count
    labels = torch.randint(high, (windows, *objective.label_shape), generator=rng)
    return objective.probabilities(logits), labels


def compare(scores, expected):
    assert set(scores.values) == set(expected)
    for name, value in expected.items():
        if math.isnan(value):
            assert scores.values[name] is None, name
            assert scores.undefined[name], name
        else:
            assert scores.values[name] == pytest.approx(value, abs=TOLERANCE), name


@pytest.mark.parametrize("absent", [False, True], ids=["all classes", "absent class"])
@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
@pytest.mark.parametrize("size", WINDOWS)
@pytest.mark.parametrize("kind", KINDS)
def test_equals_scikit_learn(kind, size, ties, absent):
    objective, expected = KINDS[kind]
    for seed in range(5):
        probabilities, labels = made(objective, WINDOWS[size], seed, ties, absent)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn warns of what is undefined
            wanted = expected(probabilities.numpy(), labels.numpy())
        compare(objective.scores(probabilities, labels), wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_is_exact_on_many_windows(kind):
    objective, expected = KINDS[kind]
    probabilities, labels = made(objective, 200_000, seed=3, ties=True)
    wanted = expected(probabilities.numpy(), labels.numpy())
    scores = objective.scores(probabilities, labels)
    for name, value in wanted.items():
        assert scores.values[name] == pytest.approx(value, abs=1e-12), name


def test_macro_auroc_is_scikit_learns_one_against_rest():
    objective = MultiClass(6)
    probabilities, labels = made(objective, 500, seed=1)
    wanted = sk.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert objective.scores(probabilities, labels).values["auroc"] == pytest.approx(wanted)


def test_constant_scores_rank_nothing():
    labels = torch.tensor([0, 1, 1, 0, 1])
    scores = Binary(2).scores(torch.full((5, 2), 0.5), labels)
    assert scores.values["auroc"] == 0.5
    assert scores.values["aupr"] == pytest.approx(3 / 5)


def test_exactly_one_half_is_negative():
    scores = MultiLabel(2).scores(torch.full((4, 2), 0.5), torch.zeros(4, 2, dtype=torch.long))
    assert scores.values["acc"] == 1.0


def test_left_out_classes_are_told_by_name():
    probabilities, _ = made(MultiClass(3), 40, seed=0)
    labels = torch.arange(40) % 2
    decisions = MultiClass(3).decisions(probabilities, labels)
    scores = decisions.scores(["rest", "open", "fist"])
    assert scores.values["auroc"] is not None
    assert scores.undefined["auroc"] == "left out: fist (no positive in the truth)"
    assert scores.undefined["aupr"] == scores.undefined["auroc"]


def test_label_that_is_always_set_is_told():
    probabilities, labels = made(MultiLabel(2), 40, seed=0)
    labels[:, 1] = 1
    undefined = MultiLabel(2).scores(probabilities, labels).undefined
    assert undefined["auroc"] == "left out: label 1 (no negative in the truth)"


def test_kappa_without_chance_has_a_reason():
    probabilities = torch.tensor([[0.9, 0.1]] * 3)
    scores = Binary(2).scores(probabilities, torch.zeros(3, dtype=torch.long))
    assert scores.values["cohen_kappa"] is None
    assert scores.undefined["cohen_kappa"] == "truth and prediction are all of one class"
    assert scores.values["sensitivity"] is None
    assert scores.undefined["sensitivity"] == "no positive in the truth"
    assert scores.values["specificity"] == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_no_window_gives_no_number(kind):
    objective, _ = KINDS[kind]
    probabilities, labels = made(objective, 0, seed=0)
    scores = objective.scores(probabilities, labels)
    assert set(scores.values.values()) == {None}
    assert set(scores.undefined.values()) == {"no window"}
    assert scores.values.keys() == scores.undefined.keys()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_refuses_what_is_not_finite(value):
    probabilities, labels = made(MultiClass(6), 10, seed=0)
    probabilities[3, 2] = value
    with pytest.raises(Failure, match="not finite for 1 of 10 windows"):
        MultiClass(6).scores(probabilities, labels)


def test_refuses_a_label_without_a_class():
    probabilities, labels = made(MultiClass(6), 10, seed=0)
    labels[4] = 6
    with pytest.raises(InputError, match=r"labels run from . to 6, but 6 categories"):
        MultiClass(6).scores(probabilities, labels)


def test_each_output_has_its_own_results():
    objective = MultiOutput(4, num_outputs=3)
    probabilities, labels = made(objective, 60, seed=2)
    outputs = objective.decisions(probabilities, labels).outputs()
    assert [title for title, _ in outputs] == ["output 0", "output 1", "output 2"]
    for index, (_, part) in enumerate(outputs):
        wanted = expected_single(probabilities[:, index].numpy(), labels[:, index].numpy())
        compare(part.scores(), wanted)
