"""The selective scan of Mamba (Gu and Dao 2023, arXiv:2312.00752), with or without its kernels.

    h_t = exp(delta_t * A) * h_(t-1) + delta_t * x_t * B_t        h_(-1) = 0
    y_t = C_t . h_t + D * x_t

for each channel on its own; B and C are the same for all channels.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module

import torch
from torch import Tensor

from components.models.selective_scan import lanes, unrolled

__all__ = ["kernel", "plain_scan", "selective_scan"]


def selective_scan(x: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """Runs the scan: on a GPU by the kernels of `mamba_ssm` if they are installed, else in PyTorch.

    In float32 also under autocast: the state is a sum over the whole sequence.

    Args:
        x: (batch, length, channels).
        delta: positive step sizes, like `x`.
        A: negative decay rates (channels, states).
        B: how the input enters each state, (batch, length, states).
        C: how each state enters the output, (batch, length, states).
        D: share of the input that passes by the states, (channels,).

    Returns:
        (batch, length, channels), float32, or float64 if any argument is.
    """
    dtype = torch.float64 if torch.float64 in {t.dtype for t in (x, delta, A, B, C, D)} else None
    tensors = [t.to(dtype or torch.float32) for t in (x, delta, A, B, C, D)]
    with torch.autocast(x.device.type, enabled=False):
        fused = kernel() if x.is_cuda and not dtype else None  # the kernels know no float64
        return _fused_scan(fused, *tensors) if fused else plain_scan(*tensors)


def plain_scan(x: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """The scan in PyTorch alone; arguments and result as of `selective_scan`, in one dtype."""
    walk = unrolled if torch.compiler.is_exporting() else lanes
    return walk.scan(delta, delta * x, A, B, C) + D * x


@cache
def kernel() -> Callable[..., Tensor] | None:
    """`selective_scan_fn` of `mamba_ssm`, or None if that is not installed."""
    try:
        return import_module("mamba_ssm.ops.selective_scan_interface").selective_scan_fn
    except ImportError:
        return None


def _fused_scan(
    fused: Callable[..., Tensor],
    x: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
) -> Tensor:
    """Calls the kernel, which wants the length last: (batch, channels or states, length)."""
    sequences = (t.transpose(1, 2).contiguous() for t in (x, delta, B, C))
    x, delta, B, C = sequences
    return fused(x, delta, A, B, C, D).transpose(1, 2)
