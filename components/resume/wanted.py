"""What `resume` in the configuration and the environment say."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components import storage
from components.failures import RUN, RUNS

DURATION = r"(\d+(?:\.\d+)?)(s|m|h)"
_UNITS = {"s": 1, "m": 60, "h": 3600}
NONE = "none"


@dataclass(frozen=True)
class Settings:
    """Where states are kept, and how often.

    Attributes:
        uri: folder or prefix that holds the places of any number of trainings.
        run: what the environment calls this run, the same in every retry; "" if it does not.
        every: seconds of work that a kill may cost.
        keep: states that are kept.
        lease: seconds without a word after which the holder of a place counts as dead.
    """

    uri: str
    run: str
    every: float
    keep: int
    lease: float


def settings(node: Mapping[str, Any]) -> Settings | None:
    """The settings; None where no states are wanted.

    Without `uri` they are kept at `<BIOTUNE_RUNS>/<BIOTUNE_RUN>/resume` if both are set, as they
    are on a cluster, and nowhere else.
    """
    uri = node.get("uri")
    runs, run = os.environ.get(RUNS, ""), os.environ.get(RUN, "")
    if uri is None and runs and run:
        uri = storage.join(runs, f"{run}/resume")
    if uri is None or uri == NONE:
        return None
    every, lease = seconds(node["every"]), seconds(node["lease"])
    return Settings(uri=uri, run=run, every=every, keep=node["keep"], lease=lease)


def seconds(duration: str) -> float:
    """Seconds in a duration such as 30s, 10m, 1.5h."""
    number, unit = re.fullmatch(DURATION, duration).groups()
    return float(number) * _UNITS[unit]
