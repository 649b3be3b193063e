"""The scan as a fixed number of plain operators, for a graph that leaves Python.

An exporter can't look into the walk of `walking`, which writes into memory of its own and is cut by
the size of the batch. This is the same walk of lanes, twice, with its loops unrolled: about twice
the square root of the length of them, whatever the batch. It keeps all states, so it is no way to
train.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional


def scan(delta: Tensor, u: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Runs h_t = exp(delta_t * A) * h_(t-1) + u_t * B_t and gives y_t = C_t . h_t.

    Args:
        delta, u: (batch, length, channels).
        A: (channels, states).
        B, C: (batch, length, states).

    Returns:
        y, (batch, length, channels).
    """
    length = u.shape[1]
    steps = math.isqrt(length - 1) + 1
    lanes = -(-length // steps)
    # A step of size zero keeps the state as it is, so the padding changes nothing.
    padded = (functional.pad(t, (0, 0, 0, lanes * steps - length)) for t in (delta, u, B, C))
    delta, u, B, C = (t.unflatten(1, (lanes, steps)) for t in padded)
    rates, delta = A.T, delta[:, :, :, None]
    entering = B[..., None] * u[:, :, :, None]  # (batch, lanes, steps, states, channels)
    decays = (delta * rates).exp().unbind(2)
    entering = entering.unbind(2)
    h = entering[0]
    for decay, step in zip(decays[1:], entering[1:], strict=True):
        h = decay * h + step
    h = _starts(h, (delta.sum(2) * rates).exp())
    rows = []
    for decay, step, read in zip(decays, entering, C.unbind(2), strict=True):
        h = decay * h + step
        rows.append(torch.matmul(read[:, :, None], h))
    return torch.cat(rows, 2).flatten(1, 2)[:, :length]


def _starts(ends: Tensor, whole: Tensor) -> Tensor:
    """What each lane begins with, from what it ends with if it begins with zero.

    Args:
        ends, whole: states and the decay over all steps, (batch, lanes, states, channels).
    """
    carry = torch.zeros_like(ends[:, 0])
    starts = [carry]
    for end, decay in zip(ends.unbind(1)[:-1], whole.unbind(1)[:-1], strict=True):
        carry = end + decay * carry
        starts.append(carry)
    return torch.stack(starts, 1)
