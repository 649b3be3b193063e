"""What a model scored in a test, and on what: numbers of different tests can't be compared."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.artifacts import DETAILS, METRICS
from components.failures import InputError, first_line
from components.registry.records import mapping, text

PREFIX = "test_"


@dataclass(frozen=True)
class Scores:
    """A test's numbers.

    Attributes:
        metrics: the content of `metrics.json`.
        test: fingerprint of the test split.
        settings: what else a number depends on, such as device and version.
    """

    metrics: dict[str, Any]
    test: str
    settings: dict[str, Any]

    def value(self, metric: str) -> float | None:
        """The number of a metric (without a prefix); None where it is undefined or unknown."""
        return number(self.metrics, metric)

    def reason(self, metric: str) -> str:
        """Why a metric has no number, in words."""
        reasons = self.metrics.get("undefined") or {}
        return str(reasons.get(PREFIX + metric, "it was not measured"))

    def comparable(self, other: "Scores") -> bool:
        """Whether both were taken on the same test split and with the same settings."""
        return (self.test, self.settings) == (other.test, other.settings)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data, from which `parse` makes an equal one."""
        return asdict(self)


def parse(data: Any) -> Scores:
    """Reads what `as_dict` gives; raises as `records.read` wants it."""
    data = mapping(data)
    metrics = mapping(data["metrics"])
    reasons = mapping(metrics.get("undefined", {}))
    for key, value in metrics.items():
        if key != "undefined" and value is not None:
            _finite(key, value)
    metrics = {**metrics, "undefined": {key: text(reason) for key, reason in reasons.items()}}
    return Scores(metrics, text(data["test"]), mapping(data["settings"]))


def number(metrics: Mapping[str, Any], metric: str) -> float | None:
    """The number of a metric (without a prefix) in what `metrics.json` holds."""
    value = metrics.get(PREFIX + metric)
    return None if value is None else float(value)


def of(evaluation: Path) -> tuple[Scores, dict[str, Any]]:
    """The scores in a folder that evaluate made, and its `details.json`.

    Raises:
        InputError: the folder is not one of evaluate's.
    """
    try:
        metrics, details = (json.loads((evaluation / f).read_bytes()) for f in (METRICS, DETAILS))
        evaluated = details["evaluated"]
        settings, test = evaluated["settings"], details["provenance"]["test_fingerprint"]
        return parse({"metrics": metrics, "test": test, "settings": settings}), details
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"--evaluation={evaluation}: is not what evaluate leaves ({first_line(error)}); "
            "give a folder that this version's evaluate made"
        ) from error


def _finite(key: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{key} is {value!r:.80}, no number")
    if not abs(value) < float("inf"):
        raise ValueError(f"{key} is not finite")
