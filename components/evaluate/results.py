"""A model's decisions on a test split, and all that is said of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from components.evaluate import breakdown
from components.evaluate.curves import curves
from components.evaluate.intervals import bootstrap
from components.failures import Findings, InputError
from components.hdf5 import Header
from components.metrics import Decisions
from components.objectives import Objective

PREFIX = "test_"


@dataclass(frozen=True)
class Results:
    """Decisions, and the metrics made of them.

    Attributes:
        decisions: on the N windows of the test split, in file order.
        names: of the classes.
        metrics: the content of `metrics.json`.
        pooled: the same without the single outputs' own.
    """

    decisions: Decisions
    names: list[str]
    metrics: dict[str, Any]
    pooled: dict[str, Any]

    def details(self, header: Header, resamples: int, seed: int) -> dict[str, Any]:
        """Intervals, tables, matrices and curves, as `details.json` holds them."""
        intervals = bootstrap(self.decisions, header.subjects, resamples, seed)
        roc, pr = curves(self.decisions, self.names)
        return {
            "classes": self.names,
            "metrics": self.pooled,
            "intervals": {PREFIX + name: bounds for name, bounds in intervals.bounds.items()},
            "interval_method": intervals.method,
            "interval_reason": intervals.reason,
            "interval_left_out": {PREFIX + k: count for k, count in intervals.left_out.items()},
            "per_class": breakdown.per_class(self.decisions, self.names),
            "confusion": breakdown.confusions(self.decisions, self.names),
            "roc": roc,
            "pr": pr,
            "by_output": breakdown.by_output(self.decisions, self.names),
            "by_subject": breakdown.by_subject(self.decisions, header.subjects),
            "by_recording": breakdown.by_recording(
                self.decisions, header.subjects, header.recordings
            ),
        }


def measure(objective: Objective, logits: Tensor, labels: Tensor, names: list[str]) -> Results:
    """Makes decisions of logits, and metrics of decisions.

    Args:
        objective: of the classification type.
        logits: (N, num_logits).
        labels: (N, *label_shape).
        names: of the classes.

    Raises:
        Failure: a logit is not finite.
    """
    decisions = objective.decisions(objective.probabilities(logits), labels)
    loss = objective.plain().loss(logits.double(), labels)
    scores = decisions.scores(names)
    values, undefined = {"loss": float(loss), **scores.values}, dict(scores.undefined)
    pooled = _flat(values, undefined)
    for title, part in decisions.outputs():
        own, suffix = part.scores(names), "_" + title.replace(" ", "_")
        values |= {name + suffix: value for name, value in own.values.items()}
        undefined |= {name + suffix: reason for name, reason in own.undefined.items()}
    return Results(decisions, names, _flat(values, undefined), pooled)


def class_names(header: Header, objective: Objective, config: Mapping[str, Any]) -> list[str]:
    """Names of the classes, from the test split or else from the training.

    Raises:
        InputError: labels or class names are not those of the model.
    """
    if complaints := objective.check_labels(header.labels):
        raise Findings([f"dataset: test.h5: {complaint}" for complaint in complaints])
    trained = list((config.get("provenance") or {}).get("classes") or [])
    tested = list(header.classes)
    if trained and tested and trained != tested:
        raise InputError(
            f"dataset: test.h5 has the classes {', '.join(tested)}, but the model was tuned on "
            f"{', '.join(trained)}; give data with the same classes in the same order"
        )
    names = tested or trained
    if names and len(names) != objective.num_classes:
        raise InputError(
            f"dataset: test.h5 names {len(names)} classes, but the model has "
            f"{objective.num_classes}; give the data that it was tuned on"
        )
    return names or [f"class {index}" for index in range(objective.num_classes)]


def _flat(values: Mapping[str, float | None], undefined: Mapping[str, str]) -> dict[str, Any]:
    reasons = {PREFIX + name: reason for name, reason in undefined.items()}
    return {PREFIX + name: value for name, value in values.items()} | {"undefined": reasons}
