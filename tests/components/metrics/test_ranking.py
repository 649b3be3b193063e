import pytest
import torch
from sklearn import metrics as sk

from components.metrics.ranking import Ranking


def drawn(ties, seed=0, count=300):
    rng = torch.Generator().manual_seed(seed)
    scores = torch.rand(count, generator=rng, dtype=torch.float64)
    positive = torch.rand(count, generator=rng) < 0.3
    groups = torch.randint(7, (count,), generator=rng)
    return (scores * 10).round() / 10 if ties else scores, positive, groups


@pytest.mark.parametrize("ties", [False, True])
def test_weights_count_like_repetition(ties):
    scores, positive, groups = drawn(ties)
    weights = torch.randint(4, (20, 7), generator=torch.Generator().manual_seed(1))
    auroc, precision = Ranking.of(scores, positive, places=True).areas(weights, groups)
    for row, area, ap in zip(weights, auroc, precision, strict=True):
        times = row[groups]
        again = positive.repeat_interleave(times), scores.repeat_interleave(times)
        assert area.item() == pytest.approx(sk.roc_auc_score(*again), abs=1e-12)
        assert ap.item() == pytest.approx(sk.average_precision_score(*again), abs=1e-12)


def test_a_resample_without_positives_is_undefined():
    scores, positive, groups = drawn(ties=False)
    groups[positive] = 0
    weights = torch.ones(2, 7, dtype=torch.long)
    weights[1, 0] = 0
    auroc, precision = Ranking.of(scores, positive, places=True).areas(weights, groups)
    assert not auroc[0].isnan()
    assert auroc[1].isnan()
    assert precision[1].isnan()


@pytest.mark.parametrize("outcome", [False, True])
def test_one_outcome_is_undefined(outcome):
    areas = Ranking.of(torch.rand(5), torch.full((5,), outcome)).areas()
    assert all(area.isnan() for area in areas)
