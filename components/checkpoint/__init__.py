"""Checkpoints: read without running them, held against a model, written as safetensors.

Needs neither torch nor the code that made a checkpoint.
"""

from components.checkpoint.bringing import bring
from components.checkpoint.contents import Checkpoint
from components.checkpoint.decisions import Decision, Extent, Matching
from components.checkpoint.matching import match
from components.checkpoint.opening import open_checkpoint, stat
from components.checkpoint.tensors import TensorRef
from components.checkpoint.writing import write_safetensors

__all__ = [
    "Checkpoint", "Decision", "Extent", "Matching", "TensorRef", "bring", "match",
    "open_checkpoint", "stat", "write_safetensors",
]  # fmt: skip
