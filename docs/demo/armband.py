"""Where an armband sits: undoing how each participant wore it, and varying it in training.

The electrodes of an armband form a ring of identical channels, so an armband put on turned by one
electrode rotates the channels by one, and one put on the other arm or the other way round mirrors
them. Every participant has an own turn, and it hides the gestures from whoever never saw it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

Placement = tuple[int, int]  # direction around the arm (1 or -1), then electrodes to rotate by
NOISE_POWER = 4.0  # of a relaxed muscle, in squared converter steps


def pattern(windows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which electrodes each gesture excites more than the others do.

    Args:
        windows: (N, C, T), converter steps.
        labels: (N,), class indices; every class occurs.

    Returns:
        (K, C) differences of mean log power, scaled to norm 1.
    """
    power = np.log(windows.astype(np.float64).var(axis=-1) + NOISE_POWER)
    means = np.stack([power[labels == label].mean(axis=0) for label in np.unique(labels)])
    means -= means.mean(axis=0)
    means -= means.mean()
    return means / np.linalg.norm(means)


def place(values: np.ndarray, placement: Placement) -> np.ndarray:
    """Reorder the channels, which are axis 1, of `values`."""
    direction, rotation = placement
    return np.roll(values[:, ::direction], rotation, axis=1)


def estimate_placements(
    windows: np.ndarray, labels: np.ndarray, participants: np.ndarray, rounds: int = 10
) -> dict[int, Placement]:
    """Find for each participant the placement that agrees best with all the others.

    Everybody starts as recorded, so the placement of the majority stays as it is. Labels are used.

    Args:
        windows: (N, C, T), converter steps.
        labels: (N,), class indices.
        participants: (N,).
        rounds: At most so many passes over the participants.
    """
    channels = windows.shape[1]
    choices = [(direction, turn) for direction in (1, -1) for turn in range(channels)]
    patterns = {}
    for person in np.unique(participants).tolist():
        own = participants == person
        patterns[person] = pattern(windows[own], labels[own])
    placements: dict[int, Placement] = dict.fromkeys(patterns, (1, 0))
    for _ in range(rounds):
        before = {person: place(own, placements[person]) for person, own in patterns.items()}
        total = sum(before.values())
        found = {}
        for person, own in patterns.items():
            others = total - before[person]
            agreement = {choice: (place(own, choice) * others).sum() for choice in choices}
            found[person] = max(agreement, key=agreement.__getitem__)
        if found == placements:
            break
        placements = found
    return placements


def undo_placements(
    windows: np.ndarray, participants: np.ndarray, placements: dict[int, Placement]
) -> np.ndarray:
    """Return a copy of `windows` (N, C, T) as if all had worn the armband alike."""
    aligned = windows.copy()
    for person, placement in placements.items():
        own = participants == person
        aligned[own] = place(windows[own], placement)
    return aligned


def vary(x: Tensor, turn: float, gain: float, channel_gain: float) -> Tensor:
    """Pretend that each window was recorded on another day and arm.

    Args:
        x: Windows (B, C, T) without offset.
        turn: Standard deviation of the armband's rotation, in electrodes. Between two electrodes
            the skin carries a mixture of what both pick up; its power is kept.
        gain: Standard deviation of the logarithm of a window's gain.
        channel_gain: The same for each channel by itself.
    """
    batch, channels, samples = x.shape
    rotation = turn * torch.randn(batch)
    whole = rotation.floor().long()
    part = (rotation - whole)[:, None, None]
    ring = torch.arange(channels)

    def rotated(by: Tensor) -> Tensor:
        index = (ring[None] - by[:, None]) % channels
        return x.gather(1, index[:, :, None].expand(-1, -1, samples))

    x = (1 - part).sqrt() * rotated(whole) + part.sqrt() * rotated(whole + 1)
    x = x * torch.exp(gain * torch.randn(batch, 1, 1))
    x = x * torch.exp(channel_gain * torch.randn(batch, channels, 1))
    start = torch.randint(samples, (batch, 1, 1))
    index = (torch.arange(samples) - start) % samples
    return x.gather(2, index.expand(-1, channels, -1))
