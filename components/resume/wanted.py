"""What `resume` in the configuration and the environment say."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components import storage
from components.failures import RUN, RUNS

DURATION = r"(\d+(?:\.\d+)?)(s|m|h)"
_UNITS = {"s": 1, "m": 60, "h": 3600}
NONE = "none"
_WANTED = "a duration, as in 30s, 10m or 1h"


def _duration(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(DURATION, value))


RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "resume.uri": (
        lambda value: value is None or (isinstance(value, str) and value != ""),
        "a folder, an s3:// prefix, null or none",
    ),
    "resume.every": (_duration, _WANTED),
    "resume.keep": (lambda value: type(value) is int and value >= 2, "an integer of at least 2"),
    "resume.lease": (_duration, _WANTED),
    "peer_timeout": (_duration, _WANTED),
}


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
