"""How windows are made of a recording: kept in the dataset, so that predict can do the same."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from components.failures import InputError

PHASES = ("zero", "causal")


@dataclass(frozen=True)
class Settings:
    """How windows are made of a recording.

    Attributes:
        window, stride: in seconds.
        channels: names, in the order of the windows; none for all signals of the recording.
        unit: of the windows; None for that of the recording.
        sampling_rate: of the windows in Hz; None for that of the recording.
        low, high: corners of the band-pass in Hz; None leaves that side open.
        notch: mains frequencies to take out, in Hz.
        phase: `zero` filters forward and backward, `causal` forward alone.
        assumed_unit: of files that name none.
        assumed_rate: in Hz, of files that tell none.
    """

    window: float
    stride: float
    channels: tuple[str, ...] = ()
    unit: str | None = None
    sampling_rate: float | None = None
    low: float | None = None
    high: float | None = None
    notch: tuple[float, ...] = ()
    phase: str = "zero"
    assumed_unit: str | None = None
    assumed_rate: float | None = None

    def __post_init__(self) -> None:
        numbers = {
            "window": self.window,
            "stride": self.stride,
            "resample": self.sampling_rate,
            "band": self.low,
            "band ": self.high,
            "sampling-rate": self.assumed_rate,
            **{f"notch{' ' * place}": value for place, value in enumerate(self.notch)},
        }
        for key, value in numbers.items():
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InputError(f"--{key.strip()}: {value} must be a number above 0")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise InputError(
                f"--band={self.low:g},{self.high:g}: the lower corner must be below the upper one"
            )
        if self.phase not in PHASES:
            raise InputError(f"--phase={self.phase}: there are {' and '.join(PHASES)}")
        if twice := sorted({c for c in self.channels if self.channels.count(c) > 1}):
            raise InputError(f"--channels: {', '.join(twice)} is named twice")

    def filtered(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.notch) or self.low is not None or self.high is not None

    def as_json(self) -> str:
        """The text that `from_json` reads, as the attribute `conversion` of a split holds it."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str, where: str) -> "Settings":
        """What `as_json` wrote.

        Args:
            where: the text lies, for the message.

        Raises:
            InputError: it is something else.
        """
        try:
            return cls(**_typed(json.loads(text)))
        except (ValueError, TypeError, RecursionError) as error:
            raise InputError(f"{where}: no settings of a conversion ({error})") from None


def _typed(found: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as numbers and lists as tuples: a stranger wrote the text, maybe."""
    if not isinstance(found, dict) or not set(found) <= {f.name for f in fields(Settings)}:
        raise ValueError("the keys are others")
    told = {key: value for key, value in found.items() if value is not None}
    for key in set(told) & {"window", "stride", "sampling_rate", "low", "high", "assumed_rate"}:
        told[key] = float(told[key])
    for key in set(told) & {"unit", "phase", "assumed_unit"}:
        told[key] = str(told[key])
    told["channels"] = tuple(map(str, told.get("channels", ())))
    told["notch"] = tuple(map(float, told.get("notch", ())))
    return told
