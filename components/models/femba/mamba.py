"""The Mamba block (Gu and Dao 2023, arXiv:2312.00752), in one direction and in two."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from components.models.selective_scan import selective_scan

STATES = 16  # of each channel
TAPS = 4  # of the convolution
STEP_RANGE = (1e-3, 0.1)  # of the first step sizes


class Mamba(nn.Module):
    """Mixes a sequence along its length, each step from itself and those before it.

    Args:
        width: of a token, at both ends.
        expand: inner width as a multiple of `width`.
    """

    def __init__(self, width: int, expand: int = 2) -> None:
        super().__init__()
        inner, rank = expand * width, math.ceil(width / 16)
        self.in_proj = nn.Linear(width, 2 * inner, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, TAPS, groups=inner, padding=TAPS - 1)
        self.x_proj = nn.Linear(inner, rank + 2 * STATES, bias=False)
        self.dt_proj = nn.Linear(rank, inner)
        self.A_log = nn.Parameter(torch.arange(1.0, STATES + 1).log().repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, width, bias=False)
        self._set_steps()

    @torch.no_grad()
    def _set_steps(self) -> None:
        """Sets the first step sizes: log-uniform over `STEP_RANGE` where the input is zero."""
        rank = self.dt_proj.in_features
        self.dt_proj.weight.uniform_(-(rank**-0.5), rank**-0.5)
        low, high = (math.log(step) for step in STEP_RANGE)
        steps = torch.empty_like(self.dt_proj.bias).uniform_(low, high).exp().clamp_(min=1e-4)
        self.dt_proj.bias.copy_(steps + (-torch.expm1(-steps)).log())  # softplus, turned round

    def forward(self, tokens: Tensor) -> Tensor:
        """Maps tokens (batch, length, width) to tokens of the same shape."""
        length, rank = tokens.shape[1], self.dt_proj.in_features
        x, gate = self.in_proj(tokens).chunk(2, dim=-1)
        x = functional.silu(self.conv1d(x.mT)[..., :length]).mT
        steps, B, C = self.x_proj(x).split([rank, STATES, STATES], dim=-1)
        # From here in float32 also under autocast, as the scan: half precision loses small steps.
        steps = functional.linear(steps, self.dt_proj.weight) + _full(self.dt_proj.bias)
        y = selective_scan(x, functional.softplus(steps), -_full(self.A_log).exp(), B, C, self.D)
        return self.out_proj((y * functional.silu(gate)).to(gate.dtype))


class BidirectionalMamba(nn.Module):
    """The sum of two Mamba blocks, one of which reads the sequence from its end."""

    def __init__(self, width: int, expand: int) -> None:
        super().__init__()
        self.mamba_fwd = Mamba(width, expand)
        self.mamba_rev = Mamba(width, expand)

    def forward(self, tokens: Tensor) -> Tensor:
        """Maps tokens (batch, length, width) to tokens of the same shape."""
        return self.mamba_fwd(tokens) + self.mamba_rev(tokens.flip(1)).flip(1)


def _full(x: Tensor) -> Tensor:
    """A tensor in float32, or float64 if it is that."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
