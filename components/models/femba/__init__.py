"""FEMBA: an EEG encoder of bidirectional Mamba blocks (Tegon et al. 2025, arXiv:2502.06438)."""

from components.models.femba.model import FEMBA

__all__ = ["FEMBA"]
