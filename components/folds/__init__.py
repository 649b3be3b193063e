"""Cross-validation by subject: who is tested in which fold, and what all folds together say."""

from components.folds.assignment import Fold, InFold, assign, chosen, counted
from components.folds.told import told

__all__ = ["Fold", "InFold", "assign", "chosen", "counted", "told"]
