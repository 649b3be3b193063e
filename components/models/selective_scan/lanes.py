"""A linear recurrence over long sequences, in pieces of a size that a processor likes.

A sequence is cut into lanes of a few steps. As many lanes walk at once as make a step wide enough
to be worth a call, twice: first from zero, which shows what each lane hands to the next; then from
the right start. Where samples and channels alone are wide enough, one lane walks at a time, once.
So the number of calls follows the number of states, not the length alone, and both work and
memory are linear in the length. Nothing is ever divided by a product of decays, and no exponent
is positive, so nothing can overflow.

The states of all steps, as many as the inputs times the states of a channel, are never stored.
The forward pass keeps where each lane starts, one state in `STEPS`; the backward pass walks each
lane again from there.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from components.models.selective_scan.walking import Piece, backward, forward

STEPS = 16  # of a lane, at most
LANES = 32  # that walk at once, at most
FEW = 3  # lanes for which a second walk does not pay
# States that walk at once: on a CPU what its cache holds, on a GPU enough to fill it.
STATES = {"cpu": 2**18, "other": 2**22}


@dataclass(frozen=True)
class Cut:
    """How a scan is cut into pieces.

    Attributes:
        steps: of a lane.
        lanes: that walk at once.
        groups: of lanes, one after another.
        samples, channels: in a piece; pieces share nothing, and keep the states that walk at once
            few enough for the cache.
    """

    steps: int
    lanes: int
    groups: int
    samples: int
    channels: int

    @classmethod
    def of(cls, batch: int, length: int, channels: int, states: int, device: str) -> "Cut":
        """Chooses the cut for a scan of this size."""
        room = max(1, STATES.get(device, STATES["other"]) // states)
        steps = min(STEPS, math.isqrt(length - 1) + 1)
        total = -(-length // steps)
        lanes = min(total, LANES, room // (batch * channels))
        lanes = lanes if lanes > FEW else 1
        groups = -(-total // lanes)
        lanes = -(-total // groups)
        width = min(channels, max(256, room // (lanes * batch) // 64 * 64))
        return cls(steps, lanes, groups, min(batch, max(1, room // (lanes * width))), width)

    @property
    def length(self) -> int:
        """Of the sequence with its padding."""
        return self.steps * self.lanes * self.groups

    @property
    def states(self) -> int:
        """That walk at once, for each of the states of a channel."""
        return self.samples * self.lanes * self.channels

    def pieces(self, batch: int, channels: int) -> Iterator[tuple[slice, slice]]:
        """Samples and channels of each piece."""
        for sample in range(0, batch, self.samples):
            for channel in range(0, channels, self.channels):
                yield (
                    slice(sample, min(batch, sample + self.samples)),
                    slice(channel, min(channels, channel + self.channels)),
                )


def scan(delta: Tensor, u: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Runs h_t = exp(delta_t * A) * h_(t-1) + u_t * B_t and gives y_t = C_t . h_t.

    Args:
        delta, u: (batch, length, channels).
        A: (channels, states).
        B, C: (batch, length, states).

    Returns:
        y, (batch, length, channels).
    """
    batch, length, channels = u.shape
    if not u.numel():
        return torch.zeros_like(u)
    cut = Cut.of(batch, length, channels, A.shape[1], u.device.type)
    # A step of size zero keeps the state as it is, so the padding changes nothing.
    padded = [functional.pad(t, (0, 0, 0, cut.length - length)) for t in (delta, u, B, C)]
    delta, u, B, C = (t.unflatten(1, (cut.groups * cut.lanes, cut.steps)) for t in padded)
    return _Scan.apply(delta, u, B, C, A, cut).flatten(1, 2)[:, :length]


class _Scan(torch.autograd.Function):
    """The recurrence on lanes: delta, u (batch, lanes, steps, channels), B, C (..., states)."""

    @staticmethod
    def forward(
        ctx: Any, delta: Tensor, u: Tensor, B: Tensor, C: Tensor, A: Tensor, cut: Cut
    ) -> Tensor:
        batch, lanes, _, channels = u.shape
        keep = any(ctx.needs_input_grad)
        starts = u.new_empty(batch, lanes, A.shape[1], channels) if keep else None
        room = u.new_empty(2, cut.states * A.shape[1])
        y = torch.empty_like(u)
        for samples, width in cut.pieces(batch, channels):
            piece = Piece.of((delta, u, B, C), samples, width)
            kept = starts[samples, ..., width] if keep else None
            forward(piece, A[width].T, y[samples, ..., width], kept, cut.groups, room)
        if keep:
            ctx.save_for_backward(delta, u, B, C, A, starts)
            ctx.cut = cut
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        *inputs, A, starts = ctx.saved_tensors
        cut = ctx.cut
        *gradients, dA = (torch.zeros_like(t) for t in (*inputs, A))
        room = dy.new_empty(2 * cut.steps + 4, cut.states * A.shape[1])
        with torch.autocast(dy.device.type, enabled=False):
            for samples, width in cut.pieces(dy.shape[0], dy.shape[-1]):
                dA[width] += backward(
                    Piece.of(inputs, samples, width),
                    A[width].T,
                    starts[samples, ..., width],
                    dy[samples, ..., width],
                    Piece.of(gradients, samples, width),
                    cut.groups,
                    room,
                ).T
        return (*gradients, dA, None)
