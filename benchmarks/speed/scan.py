"""FEMBA's selective scan beside a loop over the steps, and beside `mambapy`.

`benchmarks/selective_scan.py` has more lengths, memory, and GPUs.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial

import torch
from mambapy.pscan import pscan
from torch import Tensor

from benchmarks.selective_scan import inputs, loop
from benchmarks.speed.rows import Bar, Row, compared, interleaved, timed
from components.models.selective_scan import plain_scan

SHORT, LONG = 1280, 20480
SIZES = argparse.Namespace(batch=1, channels=64, device="cpu")
NOTE = "Forwards and backwards, one window of 64 channels and 16 states."


def rows(quick: bool) -> Iterator[Row]:
    """Yields each comparison as it is done."""
    lengths = {SHORT: 1, LONG // 8: 1} if quick else {SHORT: 5, LONG: 1}
    for length, rounds in lengths.items():
        yield _beside("a loop", loop, length, rounds)
        yield _beside("mambapy", _mambapy, length, rounds)
    yield _growth(2 if quick else 7)


def _beside(name: str, scan: Callable[..., Tensor], length: int, rounds: int) -> Row:
    given = inputs(SIZES, length)
    ours, theirs = (partial(_trained, one, given) for one in (plain_scan, scan))
    return compared(
        f"FEMBA's scan against {name}, {length:,} steps",
        Bar(1.0),
        interleaved(timed(ours), timed(theirs), rounds),
        shown=lambda seconds: f"{1000 * seconds:.0f} ms",
        note=NOTE,
    )


def _growth(rounds: int) -> Row:
    long, short = (partial(_trained, plain_scan, inputs(SIZES, n)) for n in (LONG, SHORT))
    return compared(
        f"FEMBA's scan, time a step at {LONG:,} against {SHORT:,} steps: 1 is linear",
        Bar(1.1),
        interleaved(timed(long), timed(short), rounds),
        value=lambda ours, reference: ours / reference * SHORT / LONG,
        shown=lambda seconds: f"{1000 * seconds:.0f} ms",
        note=f"{NOTE} The long one's states no longer fit the processor's cache (reasoned).",
    )


def _trained(scan: Callable[..., Tensor], given: list[Tensor]) -> None:
    scan(*given).sum().backward()


def _mambapy(x: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """As mambapy's own block calls its parallel scan."""
    decay = torch.exp(delta[..., None] * A)
    states = pscan(decay, (delta * x)[..., None] * B[:, :, None])
    return (states @ C[..., None]).squeeze(3) + D * x
