"""What a classification type means: number of logits, loss, probabilities, decisions, scores.

One class for each type; nothing else in the project asks for the type. Preflight uses this package
without torch: tensors bring their own methods, and torch is imported only where a loss is taken.
"""

from components.objectives.kinds import Binary, MultiClass, MultiLabel, MultiOutput
from components.objectives.objective import Objective

__all__ = ["Binary", "MultiClass", "MultiLabel", "MultiOutput", "Objective"]
