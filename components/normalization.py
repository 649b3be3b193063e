"""Input normalisation, applied on the device as part of the network."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

EPSILON = 1e-8


class Quartile(nn.Module):
    """(x - lower) / (upper - lower + 1e-8), with two values for the whole data set.

    Robust to the outliers of biosignals, and it keeps the amplitude of windows and channels
    relative to each other.

    Args:
        lower, upper: the quartiles, in the unit of the data.
    """

    def __init__(self, lower: float, upper: float) -> None:
        super().__init__()
        self.lower, self.width = lower, upper - lower + EPSILON

    def forward(self, x: Tensor) -> Tensor:
        """Normalises windows (B, C, T)."""
        return (x - self.lower) / self.width


class ZScore(nn.Module):
    """Mean 0 and standard deviation 1 for each window and channel."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalises windows (B, C, T) over time."""
        return (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + EPSILON)


class MinMax(nn.Module):
    """Minimum -1 and maximum 1 for each window and channel."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalises windows (B, C, T) over time."""
        low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
        return 2 * ((x - low) / (high - low + EPSILON) - 0.5)


def normalization(settings: Mapping[str, Any]) -> nn.Module:
    """The module that `input_normalization` asks for."""
    kind = settings["normalize"]
    if kind in ("quartile", True):
        return Quartile(
            settings["quartile_normalization_lower_val"],
            settings["quartile_normalization_upper_val"],
        )
    return {"zscore": ZScore, "minmax": MinMax, "none": nn.Identity, False: nn.Identity}[kind]()
