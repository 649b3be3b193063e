"""Tokens out of patches: their shape in time, their spectrum, and where their channel lies.

Spectrum and coordinates are computed in float32 whatever the precision of the training: there is
no FFT in bfloat16, and the angles of the coordinates reach hundreds of radians.
"""

import math

import torch
from timm.layers import Mlp
from torch import Tensor, nn
from torch.nn import functional

COLUMNS = 4  # what the convolutions make of a patch's samples
AXES = 3


class TemporalEmbedding(nn.Module):
    """Three convolutions along each patch.

    The group normalisations between them take their statistics over all channels and patches of a
    window: each token depends on the whole window.
    """

    def __init__(self, patch_size: int, embed_dim: int) -> None:
        super().__init__()
        kernel, stride, padding = patch_size // 2 - 1, patch_size // 4, patch_size // 4 - 1
        columns = (patch_size + 2 * padding - kernel) // stride + 1 if kernel > 0 else 0
        if columns != COLUMNS:
            raise ValueError(f"patch_size={patch_size}: must be 40, or another such as 16, 20, 32")
        width = embed_dim // COLUMNS
        first = nn.Conv2d(1, width, (1, kernel), (1, stride), (0, padding))
        second, third = (nn.Conv2d(width, width, (1, 3), padding=(0, 1)) for _ in range(2))
        stages = ((conv, nn.GroupNorm(4, width), nn.GELU()) for conv in (first, second, third))
        self.proj_in = nn.Sequential(*(layer for stage in stages for layer in stage))

    def forward(self, patches: Tensor) -> Tensor:
        """Maps patches (B, C, S, P) to tokens (B, C, S, D)."""
        image = self.proj_in(patches.flatten(1, 2).unsqueeze(1))
        return image.permute(0, 2, 3, 1).flatten(2).unflatten(1, patches.shape[1:3])


class FrequencyEmbedding(nn.Module):
    """Two layers on the spectrum of each patch."""

    def __init__(self, patch_size: int, embed_dim: int) -> None:
        super().__init__()
        numbers = 2 * (patch_size // 2 + 1)
        self.frequency_to_embed = Mlp(numbers, 4 * numbers, embed_dim)

    def forward(self, patches: Tensor) -> Tensor:
        """Maps patches (B, C, S, P) to tokens (B, C, S, D)."""
        return self.frequency_to_embed(spectrum(patches))


def spectrum(patches: Tensor) -> Tensor:
    """Magnitudes, then phases of the patches' frequencies: (..., P) to (..., 2 (P // 2 + 1))."""
    if torch.compiler.is_exporting():
        return _spectrum_by_products(patches.float()).to(patches.dtype)
    samples = patches.shape[-1]
    transformed = torch.fft.rfft(patches.float())
    imaginary = transformed.imag.clone()
    # These two have none. Some backends give -0 for it, and thus -pi for a phase of pi.
    imaginary[..., 0] = 0.0
    if samples % 2 == 0:
        imaginary[..., -1] = 0.0
    phases = torch.atan2(imaginary, transformed.real)
    return torch.cat((transformed.abs(), phases), -1).to(patches.dtype)


def _spectrum_by_products(patches: Tensor) -> Tensor:
    """The spectrum by a matrix product and real numbers alone, for a graph that leaves PyTorch.

    ONNX Runtime's transform is off by 1e-4, and its arc tangent of a negative number and zero by
    a whole turn.
    """
    samples = patches.shape[-1]
    places, ways = torch.arange(samples), torch.arange(samples // 2 + 1)
    angles = places[:, None] * ways % samples * (2 * math.pi / samples)
    # The first frequency has no sine, nor has the last of an even number.
    sines = angles.sin() * (2 * ways % samples != 0)
    real, imaginary = patches @ angles.cos(), -(patches @ sines)
    half_turns = torch.where(real < 0, math.pi, 0.0)
    phases = torch.where(imaginary == 0, half_turns, torch.atan2(imaginary, real))
    return torch.cat(((real.square() + imaginary.square()).sqrt(), phases), -1)


def unit_cube(locations: Tensor) -> Tensor:
    """Scales the positions (B, C, 3) of each window's channels to 0 ... 1 along every axis."""
    locations = locations.float()
    low, high = locations.amin(1, keepdim=True), locations.amax(1, keepdim=True)
    return (locations - low) / (high - low + 1e-8)


def waves(locations: Tensor, width: int) -> Tensor:
    """Sines and cosines of positions (B, C, 3) at 1, 2, 4, ... radians: (B, C, width)."""
    bands = width // (2 * AXES)
    octaves = torch.ldexp(locations.new_ones(bands), torch.arange(bands, device=locations.device))
    angles = locations.unsqueeze(-2) * octaves[:, None]
    features = torch.stack((angles.sin(), angles.cos()), -1).flatten(-3)
    return functional.pad(features, (0, width - features.shape[-1]))


def check_widths(embed_dim: int, num_heads: int) -> None:
    """Raises ValueError for sizes that do not divide."""
    if embed_dim % 16:
        raise ValueError(f"embed_dim={embed_dim}: must be a multiple of 16")
    if embed_dim % (2 * num_heads):
        raise ValueError(f"embed_dim={embed_dim}: must be a multiple of twice {num_heads=}")
