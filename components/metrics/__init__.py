"""Classification metrics: exact, each a number or left undefined with its reason."""

from components.metrics.decisions import Decisions
from components.metrics.forms import Labels, Outputs, SingleLabel, TwoClass
from components.metrics.metric import ClassificationMetric
from components.metrics.scores import Scores

__all__ = [
    "ClassificationMetric",
    "Decisions",
    "Labels",
    "Outputs",
    "Scores",
    "SingleLabel",
    "TwoClass",
]
