"""Initial weights of residual blocks."""

import math
from collections.abc import Iterable

import torch
from torch import nn


def shrink_branches(blocks: Iterable[nn.Module]) -> None:
    """Divides what block i adds to its input by sqrt(2 (i + 1)), as BEiT does.

    Each block must have `attn.proj` and `mlp.fc2`, the last layers of its two branches. Their
    sum then keeps its size however many blocks there are.
    """
    with torch.no_grad():
        for index, block in enumerate(blocks):
            for layer in (block.attn.proj, block.mlp.fc2):
                layer.weight.div_(math.sqrt(2 * (index + 1)))
