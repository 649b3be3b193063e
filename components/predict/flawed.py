"""Windows with channels that carry no signal: refused, masked, or given up with a mark."""

from collections.abc import Sequence

import numpy as np

from components import flaws


def treated(
    windows: np.ndarray,
    first: int,
    policy: flaws.Policy,
    name: str,
    channels: Sequence[str],
    *,
    give_up: bool,
) -> tuple[list[str | None], np.ndarray]:
    """Does with windows (n, C, T), in place, what `policy` says.

    Args:
        first: index of the first of them in their split, for messages.
        give_up: whether a window that would be refused is given up instead.

    Returns:
        For each window what is wrong with it, None for nothing, and (n,) whether it is given up.

    Raises:
        InputError: a window that is refused.
    """
    found = flaws.find(windows)
    by_kind = {kind: found[kind] for kind in flaws.KINDS if policy.of(kind) != flaws.KEEP}
    lost = np.zeros(len(windows), dtype=bool)
    if give_up:
        for kind, flawed in by_kind.items():
            lost |= flawed.any(1) & (policy.of(kind) == flaws.REFUSE)
    places = first + np.flatnonzero(~lost)
    if len(places) == len(windows):
        flaws.treat(windows, places, policy, name, channels)
    elif len(places):
        kept = windows[~lost]
        flaws.treat(kept, places, policy, name, channels)
        windows[~lost] = kept
    return [_told(by_kind, row, channels) for row in range(len(windows))], lost


def _told(found: dict[str, np.ndarray], row: int, channels: Sequence[str]) -> str | None:
    said = [
        f"{kind.replace('_', ' ')}: "
        + ", ".join(flaws.label(place, channels) for place in np.flatnonzero(flawed[row]))
        for kind, flawed in found.items()
        if flawed[row].any()
    ]
    return "; ".join(said) or None
