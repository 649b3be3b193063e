"""Channels of a window that carry no signal: values that are no numbers, or one value throughout.

An electrode that falls off or an amplifier at its limit spoils a channel, not a window. It is
refused, or masked: set to 0, which in the unit of the data is no voltage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.failures import InputError

KEEP, MASK, REFUSE = "keep", "mask", "refuse"
NOT_FINITE, CONSTANT = KINDS = ("not_finite", "constant")
_KEYS = {NOT_FINITE: "nonfinite_channels", CONSTANT: "constant_channels"}
Record = dict[str, dict[str, Any]]
_SAID = {NOT_FINITE: "holds NaN or infinite values", CONSTANT: "is constant"}


@dataclass(frozen=True)
class Policy:
    """What is done about each kind of flaw: refuse, mask or, of what is constant, keep."""

    nonfinite_channels: str = REFUSE
    constant_channels: str = KEEP

    @classmethod
    def from_config(cls, data: Mapping[str, Any]) -> "Policy":
        """What the configuration's `data` says."""
        return cls(**{key: data[key] for key in _KEYS.values() if key in data})

    def of(self, kind: str) -> str:
        """What is done about one kind."""
        return getattr(self, _KEYS[kind])


def find(windows: np.ndarray) -> dict[str, np.ndarray]:
    """Finds the flawed channels of windows.

    Args:
        windows: (n, C, T).

    Returns:
        (n, C) booleans of each kind.
    """
    constant = windows[..., 0] == windows[..., -1]  # few are, and these alone are looked through
    suspects = windows[constant]
    constant[constant] = (suspects == suspects[:, :1]).all(-1)
    return {NOT_FINITE: ~np.isfinite(windows).all(-1), CONSTANT: constant}


def treat(
    windows: np.ndarray, places: Sequence[int], policy: Policy, name: str, channels: Sequence[str]
) -> np.ndarray:
    """Refuses flawed channels or masks them in place, and counts them.

    Args:
        windows: (n, C, T).
        places: the windows' indices in their split, for messages.
        name: of the split, for messages.
        channels: names of the C channels, or none.

    Returns:
        (2, C) int64: how many of the windows are flawed in each channel, by `KINDS`.

    Raises:
        InputError: a flaw that is refused.
    """
    found = find(windows)
    for kind, flawed in found.items():
        if not flawed.any():
            continue
        if policy.of(kind) == REFUSE:
            raise InputError(f"{name}: {refusal(kind, flawed, places, channels)}")
        if policy.of(kind) == MASK:
            windows[flawed] = 0
    return np.stack([found[kind].sum(0, dtype=np.int64) for kind in KINDS])


def record(counts: np.ndarray, channels: Sequence[str], policy: Policy) -> Record:
    """What `treat` counted, as plain data: what was done about a kind, and where it was found."""
    return {
        kind: {
            "done": policy.of(kind),
            "windows": {label(place, channels): int(row[place]) for place in np.flatnonzero(row)},
        }
        for kind, row in zip(KINDS, counts, strict=True)
        if row.any()
    }


def told(found: Record) -> str:
    """A record in words; "" of nothing."""
    parts = []
    for kind, facts in found.items():
        named = ", ".join(f"{name} in {count:,}" for name, count in facts["windows"].items())
        done = " (masked with 0)" if facts["done"] == MASK else ""
        parts.append(f"windows whose signal {_SAID[kind]}{done}, by channel: {named}")
    return "; ".join(parts)


def label(place: int, channels: Sequence[str]) -> str:
    """A channel as messages and records name it."""
    return channels[place] if place < len(channels) else str(place)


def refusal(kind: str, flawed: np.ndarray, places: Sequence[int], channels: Sequence[str]) -> str:
    """Names the first of the flawed windows, and what can be done."""
    row = int(np.argmin(np.where(flawed.any(1), np.asarray(places), np.iinfo(np.int64).max)))
    column = int(np.argmax(flawed[row]))
    return (
        f"window {places[row]} {_SAID[kind]} in channel {label(column, channels)}; mend it or "
        f"leave it out, or set data.{_KEYS[kind]}=mask"
    )
