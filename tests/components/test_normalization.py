import pytest
import torch

from components.normalization import normalization

QUARTILES = {"quartile_normalization_lower_val": -20.0, "quartile_normalization_upper_val": 20.0}


@pytest.mark.parametrize("name", ["quartile", True])
def test_quartile_maps_the_two_values_to_zero_and_one(name):
    x = torch.tensor([[[-20.0, 0.0, 20.0, 60.0]]])
    done = normalization({"normalize": name} | QUARTILES)(x)
    torch.testing.assert_close(done, torch.tensor([[[0.0, 0.5, 1.0, 2.0]]]))


def test_zscore_is_per_window_and_channel():
    x = torch.randn(3, 2, 50) * torch.tensor([1.0, 9.0]).view(1, 2, 1) + 5
    done = normalization({"normalize": "zscore"})(x)
    torch.testing.assert_close(done.mean(-1), torch.zeros(3, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(done.std(-1), torch.ones(3, 2))


def test_minmax_spans_minus_one_to_one():
    done = normalization({"normalize": "minmax"})(torch.randn(3, 2, 50))
    torch.testing.assert_close(done.amin(-1), -torch.ones(3, 2))
    torch.testing.assert_close(done.amax(-1), torch.ones(3, 2))


@pytest.mark.parametrize("name", ["none", False])
def test_none_changes_nothing(name):
    x = torch.randn(1, 2, 3)
    assert torch.equal(normalization({"normalize": name})(x), x)


@pytest.mark.parametrize("name", ["zscore", "minmax"])
def test_a_flat_channel_stays_finite(name):
    assert torch.isfinite(normalization({"normalize": name})(torch.ones(1, 1, 20))).all()
