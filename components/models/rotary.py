"""Rotary position embedding (Su et al. 2021, arXiv:2104.09864) on neighbouring pairs of features.

Angles and rotation stay in float32 whatever the precision of the training: bfloat16 has eight bits
for an angle.
"""

import torch
from torch import Tensor


def frequencies(width: int, device: torch.device | None = None) -> Tensor:
    """10000 ** (-2j / width) in radians a position, for each of the width / 2 pairs."""
    return 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float32, device=device) / width)


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Turns each pair of features (2j, 2j + 1) by its angle.

    Args:
        x: (..., N, width).
        angles: (N, width / 2) in radians.

    Returns:
        A tensor like `x`.
    """
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = angles.float().cos(), angles.float().sin()
    turned = torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1)
    return turned.flatten(-2).to(x.dtype)
