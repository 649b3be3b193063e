"""Gives windows their labels by how many samples of each the labelled spans cover."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from components.convert import reasons
from components.recordings import Annotation

_ROWS = 8192  # windows looked at together
_SLIP = 1e-6  # samples that floating point may take from a time


@dataclass(frozen=True)
class Rules:
    """How spans become labels.

    Attributes:
        numbers: of the class of each text.
        classes: how many there are.
        overlap: the share of a window that a label must cover, in whole samples and no less.
        background: number of the class of unlabelled time; -1 of several labels, where it stands
            for none at all; None drops it.
        multi_label: labels (N, L).
    """

    numbers: Mapping[str, int]
    classes: int
    overlap: float = 1.0
    background: int | None = None
    multi_label: bool = False


def nearest(seconds: float, rate: float) -> float:
    """The sample at a time: a whole number, or infinity; half a sample goes up."""
    return float(np.floor(seconds * rate + 0.5 + _SLIP))


class Cover:
    """How many samples of a span some other spans cover; all of them in whole samples."""

    def __init__(self, spans: Sequence[tuple[float, float]]) -> None:
        edges: list[float] = []
        for start, stop in sorted(span for span in spans if span[0] < span[1]):
            if edges and start <= edges[-1]:
                edges[-1] = max(edges[-1], stop)
            else:
                edges += [start, stop]
        self._edges = np.array(edges or [0.0, 0.0])
        lengths = np.diff(self._edges)
        lengths[1::2] = 0
        self._sums = np.concatenate([[0.0], np.cumsum(lengths)])

    def within(self, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
        """Samples covered of each span from `starts` (n,) to `stops` (n,)."""
        ends = np.interp(stops, self._edges, self._sums)
        return ends - np.interp(starts, self._edges, self._sums)


def labelled(
    spans: Sequence[Annotation],
    bad: Sequence[Annotation],
    starts: np.ndarray,
    window: int,
    rate: float,
    rules: Rules,
) -> tuple[np.ndarray, np.ndarray]:
    """The labels of windows.

    Args:
        spans: with their texts.
        bad: time to be left out.
        starts: (N,) first samples of windows of `window` samples at `rate` Hz.

    Returns:
        (N,) or (N, L) int64 labels, and (N,) the index in `reasons.WINDOW` of why a window is
        dropped, 0 where it is kept.
    """
    longest = int(starts[-1]) + window + 1 if len(starts) else 1
    covers = [[] for _ in range(rules.classes + 1)]  # the last one: of texts that nobody asked for
    for span in spans:
        covers[rules.numbers.get(span.text, rules.classes)].append(_samples(span, rate, longest))
    told = [Cover(c) for c in covers]
    left_out = Cover([_samples(b, rate, longest) for b in bad])
    # The share as it was written: 0.55 of 100 samples is 55, though 0.55 * 100 is a little more.
    least = math.ceil(Fraction(str(rules.overlap)) * window)
    parts = [
        _part(told, left_out, starts[low : low + _ROWS], window, least, rules)
        for low in range(0, max(1, len(starts)), _ROWS)
    ]
    labels, why = (np.concatenate(column) for column in zip(*parts, strict=True))
    return labels, why


def _samples(span: Annotation, rate: float, longest: int) -> tuple[float, float]:
    end = nearest(span.onset + span.duration, rate)
    return max(0.0, nearest(span.onset, rate)), min(end, longest)


def _part(
    told: list[Cover], left_out: Cover, begin: np.ndarray, window: int, least: int, rules: Rules
) -> tuple[np.ndarray, np.ndarray]:
    end = begin + window
    covered = np.stack([cover.within(begin, end) for cover in told], axis=1)
    some, hits = covered > 0, covered >= least
    wanted, other = hits[:, :-1], some[:, -1]
    count, touched = wanted.sum(axis=1), some[:, :-1].any(axis=1)
    why = np.zeros(len(begin), dtype=np.int8)
    if rules.multi_label:
        border = (some[:, :-1] & ~wanted).any(axis=1)
        labels = wanted.astype(np.int64)
        empty = count == 0
    else:
        border, labels, empty = (count == 0) & touched, wanted.argmax(axis=1), count == 0
        why[count > 1] = reasons.SEVERAL
    nothing = empty & ~touched & ~other
    why[empty & ~touched & other] = reasons.OTHER
    if rules.background is None:
        why[nothing] = reasons.UNLABELLED
    elif not rules.multi_label:
        labels[nothing] = rules.background
    why[border] = reasons.BORDER
    why[left_out.within(begin, end) > 0] = reasons.BAD
    return labels.astype(np.int64), why
