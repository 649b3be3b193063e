"""A frozen backbone: no gradient, no changing statistics, no dropout."""

import hashlib
import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


def freeze(encoder: nn.Module, parts: Mapping[str, str]) -> None:
    """Takes the gradient from every parameter that is not of the head."""
    for name, parameter in encoder.named_parameters():
        if parts[name] != "head":
            parameter.requires_grad_(False)


def rest(encoder: nn.Module, parts: Mapping[str, str], head: Sequence[str]) -> None:
    """Puts the backbone's modules into eval mode and leaves those of the head as they are.

    A module is of the head if all it saves is, or if its name matches the layout's expressions
    (dropout saves nothing).

    Args:
        parts: part of each tensor that the encoder saves.
        head: the layout's regular expressions of the head.
    """
    for name, module in encoder.named_modules():
        saved = {part for tensor, part in parts.items() if tensor.startswith(f"{name}.")}
        named = any(re.match(pattern, f"{name}.") for pattern in head)
        if not name or not (saved == {"head"} or named):
            module.training = False


def digest(weights: Mapping[str, Tensor], parts: Mapping[str, str]) -> str:
    """SHA-256 of the backbone's bytes, buffers such as batch-norm statistics included."""
    total = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        if parts[name] != "head":
            total.update(name.encode())
            # As bytes, since numpy has no bfloat16.
            total.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return total.hexdigest()
