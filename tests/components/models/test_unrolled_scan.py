"""The scan as exporters see it gives what the walk gives that trains and predicts."""

import pytest
import torch

from components.models.selective_scan import lanes, unrolled


@pytest.mark.parametrize("length", [1, 2, 3, 16, 17, 80])
def test_both_scans_agree(length):
    rng = torch.Generator().manual_seed(length)
    batch, channels, states = 3, 5, 4
    delta = torch.rand(batch, length, channels, generator=rng, dtype=torch.float64)
    u, B, C = (
        torch.randn(batch, length, width, generator=rng, dtype=torch.float64)
        for width in (channels, states, states)
    )
    A = -torch.rand(channels, states, generator=rng, dtype=torch.float64)
    given = delta, u, A, B, C
    torch.testing.assert_close(unrolled.scan(*given), lanes.scan(*given), rtol=1e-12, atol=1e-12)
