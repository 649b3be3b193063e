"""Classification metrics: exact, each a number or left undefined with its reason.

`ClassificationMetric` stands in `components.metrics.metric`: torchmetrics takes seconds to import,
and evaluation can do without.
"""

from components.metrics.decisions import Decisions
from components.metrics.forms import Labels, Outputs, SingleLabel, TwoClass
from components.metrics.scores import Scores

__all__ = ["Decisions", "Labels", "Outputs", "Scores", "SingleLabel", "TwoClass"]
