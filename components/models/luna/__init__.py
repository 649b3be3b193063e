"""LUNA: a transformer on EEG of any montage, which it first compresses into a few queries."""

from components.models.luna.model import LUNA

__all__ = ["LUNA"]
