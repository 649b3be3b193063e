"""The walk of the lanes of one piece of a scan, forwards and backwards.

States are (samples, lanes, states, channels), channels last, so that what all states or all
channels share spreads over them without a copy.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Step(NamedTuple):
    """One step of every lane, as views that spread over the states.

    Attributes:
        delta, u: (samples, lanes, 1, channels).
        B, C: (samples, lanes, states, 1).
    """

    delta: Tensor
    u: Tensor
    B: Tensor
    C: Tensor


class Piece(NamedTuple):
    """Some samples, lanes and channels of a scan's inputs, or of their gradients, as views.

    Attributes:
        delta, u: (samples, lanes, steps, channels).
        B, C: (samples, lanes, steps, states).
    """

    delta: Tensor
    u: Tensor
    B: Tensor
    C: Tensor

    @classmethod
    def of(cls, sequences: Sequence[Tensor], samples: slice, channels: slice) -> "Piece":
        """Cuts a piece out of the whole delta, u, B and C."""
        delta, u, B, C = (t[samples] for t in sequences)
        return cls(delta[..., channels], u[..., channels], B, C)

    def groups(self, count: int) -> list["Piece"]:
        """Cuts the lanes into `count` groups that follow each other."""
        return [Piece(*cut) for cut in zip(*(t.chunk(count, 1) for t in self), strict=True)]

    def steps(self) -> list[Step]:
        """The steps of the lanes, in order."""
        wide = (self.delta[:, :, :, None], self.u[:, :, :, None], self.B[..., None])
        views = (t.unbind(2) for t in (*wide, self.C[..., None]))
        return [Step(*step) for step in zip(*views, strict=True)]


def rooms(room: Tensor, piece: Piece) -> tuple[Tensor, ...]:
    """Divides scratch memory (count, elements) into states of one step of a piece."""
    samples, lanes, _, channels = piece.u.shape
    shape = (samples, lanes, piece.B.shape[-1], channels)
    return room[:, : math.prod(shape)].unflatten(1, shape).unbind(0)


def forward(
    piece: Piece, A: Tensor, y: Tensor, starts: Tensor | None, groups: int, room: Tensor
) -> None:
    """Writes the output, and where each lane starts if `starts` has room for it.

    Args:
        A: (states, channels).
        room: scratch memory for the states of two steps.
    """
    parts, rates = piece.groups(groups), _rates(A)
    h, decay = rooms(room, parts[0])
    carry = torch.zeros_like(h[:, 0])
    kept = [None] * groups if starts is None else starts.chunk(groups, dim=1)
    h.zero_()
    for part, out, start in zip(parts, y.chunk(groups, dim=1), kept, strict=True):
        steps = part.steps()
        if h.shape[1] > 1:  # a lane alone goes on from where the one before it has ended
            h.zero_()
            for step in steps:
                h.mul_(_decay(step.delta, rates, decay)).addcmul_(step.B, step.u)
            whole = _decay(part.delta.sum(2, keepdim=True), rates, decay)
            carry = _hand_on(h.unbind(1), whole.unbind(1), carry)
        if start is not None:
            start.copy_(h)
        for step, row in zip(steps, out[:, :, :, None].unbind(2), strict=True):
            h.mul_(_decay(step.delta, rates, decay)).addcmul_(step.B, step.u)
            row.copy_(torch.matmul(step.C.mT, h))


def backward(
    piece: Piece,
    A: Tensor,
    starts: Tensor,
    dy: Tensor,
    gradient: Piece,
    groups: int,
    room: Tensor,
) -> Tensor:
    """Adds to the gradients of one piece, the last group of lanes first.

    Args:
        A: (states, channels).
        gradient: zeros, or what other channels gave to the gradients of B and C.
        room: scratch memory for the states of `2 * steps + 4` steps.

    Returns:
        The gradient of A.
    """
    parts, rates = piece.groups(groups), _rates(A)
    g, flow, dA, *walk = rooms(room, parts[0])
    carry = torch.zeros_like(g[:, 0])
    g.zero_()
    dA.zero_()
    cuts = (parts, starts.chunk(groups, 1), dy.chunk(groups, 1), gradient.groups(groups))
    for part, start, out, grad in reversed(list(zip(*cuts, strict=True))):
        steps, rows = part.steps(), out[:, :, :, None].unbind(2)
        decays, states = walk[: len(steps)], walk[len(steps) :]
        states[0].copy_(start)
        for step, decay, h, following in zip(steps, decays, states, states[1:], strict=False):
            torch.mul(h, _decay(step.delta, rates, decay), out=following)
            following.addcmul_(step.B, step.u)
        if g.shape[1] > 1:
            g.zero_()
            for step, row, decay in zip(steps[::-1], rows[::-1], decays[::-1], strict=True):
                g.addcmul_(step.C, row).mul_(decay)
            whole = _decay(part.delta.sum(2, keepdim=True), rates, flow)
            carry = _hand_on(g.unbind(1)[::-1], whole.unbind(1)[::-1], carry)
        _collect(steps, rows, decays, states, A, grad.steps(), g, dA, flow)
    return dA.sum((0, 1))


def _collect(
    steps: Sequence[Step],
    dy: Sequence[Tensor],
    decays: Sequence[Tensor],
    states: Sequence[Tensor],
    A: Tensor,
    gradients: Sequence[Step],
    g: Tensor,
    dA: Tensor,
    flow: Tensor,
) -> None:
    """Walks a group of lanes backwards and adds up the gradients.

    Args:
        states: before each step, and after the last.
        g: gradient of the states after the last step of each lane, from all that follows it;
            becomes that of the states before the first.
        dA: sum over the steps of the gradient of A, for each lane still.
        flow: scratch memory.
    """
    for i in reversed(range(len(steps))):
        step, gradient = steps[i], gradients[i]
        gradient.C.add_(torch.mul(states[i + 1], dy[i], out=flow).sum(-1, keepdim=True))
        g.addcmul_(step.C, dy[i])
        gradient.B.add_(torch.mul(g, step.u, out=flow).sum(-1, keepdim=True))
        gradient.u.copy_(torch.matmul(step.B.mT, g))
        g.mul_(decays[i])
        dA.addcmul_(torch.mul(g, states[i], out=flow), step.delta)
        gradient.delta.copy_(flow.mul_(A).sum(2, keepdim=True))


def _hand_on(ends: Sequence[Tensor], whole: Sequence[Tensor], carry: Tensor) -> Tensor:
    """Turns what each lane ends with, begun from zero, into what it begins with, in place.

    Args:
        ends: of each lane, (samples, states, channels).
        whole: the decay over all steps of each lane, of the same shape.
        carry: what the first lane begins with.

    Returns:
        What the lane after the last one begins with.
    """
    for end, decay in zip(ends, whole, strict=True):
        following = torch.addcmul(end, decay, carry)
        end.copy_(carry)
        carry = following
    return carry


def _rates(A: Tensor) -> Tensor:
    """A for powers of two: exp2 takes a third of the time of exp on a CPU."""
    return (A / math.log(2)).contiguous()


def _decay(delta: Tensor, rates: Tensor, room: Tensor) -> Tensor:
    """exp(delta * A) for steps (samples, lanes, 1, channels), written into `room`."""
    return torch.mul(delta, rates, out=room).exp2_()
