"""TinyMyo: a transformer on patches of surface-EMG channels, in its two published generations."""

from components.models.tinymyo.model import TinyMyo

__all__ = ["TinyMyo"]
