import numpy as np
import pytest
import torch

from components.evaluate.intervals import bootstrap, drawn, resampled
from components.objectives import Binary, MultiClass, MultiLabel, MultiOutput

KINDS = [Binary(2), MultiClass(4), MultiLabel(3), MultiOutput(3, num_outputs=2)]


def decided(objective, windows=120, subjects=5, seed=0):
    """Decisions with tied scores, windows of the subjects mixed and of uneven number."""
    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(windows, objective.num_logits, generator=rng).round()
    labels = torch.randint(objective.label_count, (windows, *objective.label_shape), generator=rng)
    groups = torch.randint(subjects, (windows,), generator=rng).square() // subjects
    return objective.decisions(objective.probabilities(logits), labels), groups


@pytest.mark.parametrize("chunk", [1, 10**9])
@pytest.mark.parametrize("objective", KINDS, ids=lambda objective: objective.kind)
def test_a_resample_is_what_its_windows_give(objective, chunk, monkeypatch):
    monkeypatch.setattr("components.evaluate.intervals.CHUNK", chunk)
    decisions, groups = decided(objective)
    weights = torch.from_numpy(drawn(int(groups.max()) + 1, 40, seed=0))
    values = resampled(decisions, groups, weights)
    for row, times in enumerate(weights):
        windows = torch.arange(len(groups)).repeat_interleave(times[groups])
        wanted = decisions.select(windows).scores().values
        assert values.keys() == wanted.keys()
        for name, value in wanted.items():
            assert values[name][row].item() == pytest.approx(value, abs=1e-12), name


def test_a_class_that_a_resample_lacks_is_left_out_of_its_mean():
    decisions, groups = decided(MultiClass(4), subjects=3)
    groups = torch.where(decisions.labels == 2, 2, groups.clamp(max=1))
    weights = torch.tensor([[1, 1, 1], [2, 1, 0]])
    values = resampled(decisions, groups, weights)
    windows = torch.arange(len(groups)).repeat_interleave(weights[1][groups])
    wanted = decisions.select(windows).scores()
    assert "class 2 (no positive in the truth)" in wanted.undefined["auroc"]
    assert values["auroc"][1].item() == pytest.approx(wanted.values["auroc"])


def test_undefined_resamples_are_left_out_and_counted():
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    subjects = np.array(["a", "a", "a", "b", "b", "b"])
    probabilities = torch.tensor([[0.8, 0.2]] * 3 + [[0.3, 0.7]] * 3)
    decisions = Binary(2).decisions(probabilities, labels)
    found = bootstrap(decisions, subjects, 400, seed=0)
    # One of two subjects alone is drawn half of the time, and then one outcome is missing.
    assert 150 < found.left_out["auroc"] < 250
    assert found.bounds["auroc"] == [1.0, 1.0]
    assert "acc" not in found.left_out


def test_drawing_is_with_replacement_and_from_the_seed():
    weights = drawn(6, 500, seed=1)
    assert weights.shape == (500, 6)
    assert (weights.sum(1) == 6).all()
    assert (weights.max(1) > 1).mean() > 0.9
    assert np.array_equal(weights, drawn(6, 500, seed=1))
    assert not np.array_equal(weights, drawn(6, 500, seed=2))


def test_interval_holds_the_middle_of_the_resamples():
    decisions, groups = decided(MultiClass(4), windows=400, subjects=9)
    subjects = np.array([f"s{group}" for group in groups.tolist()])
    found = bootstrap(decisions, subjects, 300, seed=7)
    places = torch.from_numpy(np.unique(subjects, return_inverse=True)[1])
    weights = torch.from_numpy(drawn(len(set(subjects)), 300, seed=7))
    values = resampled(decisions, places, weights)
    for name, (low, high) in found.bounds.items():
        inside = ((values[name] >= low) & (values[name] <= high)).double().mean()
        assert 0.94 <= inside <= 0.96, name
    assert f"bootstrap over {len(set(subjects))} subjects, 300 resamples, seed 7" in found.method


@pytest.mark.parametrize(
    ("subjects", "resamples", "told"),
    [
        (None, 100, "do not say which subject"),
        (np.array(["a"] * 120), 100, "single subject"),
        (np.array(["a", "b"] * 60), 0, "evaluation.bootstrap=0"),
    ],
)
def test_no_interval_has_a_reason(subjects, resamples, told):
    decisions, _ = decided(Binary(2))
    found = bootstrap(decisions, subjects, resamples, seed=0)
    assert found.bounds == {}
    assert found.method == ""
    assert told in found.reason
