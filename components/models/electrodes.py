"""Where the channels of an EEG lie on the head, by their names."""

import json
import logging
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from components.failures import InputError

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger("biotune")

PUBLISHED = ("tuh_20", "tuh_22")  # rows that the published reader takes for granted


class ElectrodeLocations:
    """Gives a model the positions of the data's channels.

    No torch module, so that preflight can make one without torch to check the names, and a model
    that is turned into bfloat16 does not round the positions, of which its highest frequencies
    make radians.

    Args:
        channel_names: of the data, in the order of their rows; empty if the data name none.
        channels: what the rows are where the data name none: one of the table's montages
            (tuh_22, tuh_20, tuh_prepared, siena_29, seedv_62) or a list of names.
        upstream_row_order: true gives the rows the positions of tuh_22 (or tuh_20) in that order,
            whatever they are. The published LUNA was fine-tuned so on files whose rows stand in
            the order tuh_prepared, which puts 14 of 22 in a wrong place.

    Raises:
        InputError: channels without a known position, all of them named.
    """

    def __init__(
        self,
        channel_names: Sequence[str] = (),
        channels: str | Sequence[str] = (),
        upstream_row_order: bool = False,
    ) -> None:
        self.named, self.upstream = bool(channel_names), upstream_row_order
        names = tuple(channel_names) or _montage(channels)
        if upstream_row_order:
            names = _montage(next((m for m in PUBLISHED if len(_montage(m)) == len(names)), ""))
        elif not self.named and names:
            log.warning(
                "the data do not name their channels; taken to be %s (model.adapter.channels)",
                channels if isinstance(channels, str) else ", ".join(names),
            )
        self.locations = locations(names)
        self._placed: dict[Any, Tensor] = {}  # by device, so that each is sent there once

    def __call__(self, x: "Tensor") -> dict[str, "Tensor"]:
        """The position of every channel of windows (B, C, T).

        Returns:
            `channel_locations` (B, C, 3), float32, metres.

        Raises:
            InputError: there are not as many channels as names.
        """
        if x.shape[1] != len(self.locations):
            raise InputError(self._misfit(x.shape[1]))
        import torch

        if x.device not in self._placed:
            self._placed[x.device] = torch.from_numpy(self.locations).to(x.device)
        return {"channel_locations": self._placed[x.device].expand(x.shape[0], -1, -1)}

    def _misfit(self, channels: int) -> str:
        if self.upstream:
            return (
                f"model.adapter.upstream_row_order=true: needs the 20 or 22 channels of TUH, the "
                f"data have {channels}; set it to false"
            )
        if self.named:
            return f"the data have {channels} channels, but name {len(self.locations)}"
        return (
            f"the data have {channels} channels and name none, and model.adapter.channels are "
            f"{len(self.locations)}; name the data's channels, or set model.adapter.channels to "
            f"{', '.join(_table()['montages'])} or a list of names"
        )


def locations(names: Sequence[str]) -> np.ndarray:
    """Positions (C, 3) in metres, float32, of electrodes (`FP1`) and of pairs (`FP1-F7`, midway).

    Names are taken without regard to case, and without `EEG ` before and a reference (`-REF`,
    `-LE`) behind them.

    Raises:
        InputError: names without a known position, all of them listed.
    """
    found = {name: _location(_plain(name)) for name in names}
    if unknown := [name for name, location in found.items() if location is None]:
        raise InputError(
            f"channels: no position is known of {', '.join(unknown)}; name them by the 10-20 "
            "system, as FP1 or FP1-F7, or leave them out"
        )
    return np.array([found[name] for name in names], dtype=np.float32).reshape(-1, 3)


def name_index() -> dict[str, int]:
    """The row of each channel name in a pre-trained LUNA's table of 90 names."""
    montages = _table()["montages"]
    known = {n for key in ("seedv_62", "tuh_22", "siena_29") for n in montages[key]}
    return {name: row for row, name in enumerate(sorted(known))}


def _location(name: str) -> list[float] | None:
    positions = _table()["positions"]
    if name in positions:
        return positions[name]
    first, _, second = name.partition("-")
    if first not in positions or second not in positions:
        return None
    return [(a + b) / 2 for a, b in zip(positions[first], positions[second], strict=True)]


def _plain(name: str) -> str:
    return re.sub(r"^EEG\s+|-(REF|LE)$", "", name.strip().upper())


def _montage(channels: str | Sequence[str]) -> tuple[str, ...]:
    if not isinstance(channels, str):
        return tuple(channels)
    montages = _table()["montages"]
    if channels and channels not in montages:
        raise InputError(
            f"model.adapter.channels={channels}: no such montage; there are {', '.join(montages)}"
        )
    return tuple(montages[channels]) if channels else ()


@cache
def _table() -> dict[str, Any]:
    return json.loads((resources.files("components.models") / "electrodes.json").read_text())
