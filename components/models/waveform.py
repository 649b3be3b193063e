"""A small transformer on raw multi-channel waveforms, made of torch's own modules."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Pre-norm self-attention and feed-forward, each added to its input.

    Dropout falls on the two branches, not on the attention weights: that would forbid the fast
    attention kernels.
    """

    def __init__(self, embed_dim: int, num_heads: int, mlp_ratio: float, dropout: float) -> None:
        super().__init__()
        hidden = int(embed_dim * mlp_ratio)
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(embed_dim)
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)
        self.projection = nn.Linear(embed_dim, embed_dim)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, hidden), nn.GELU(), nn.Linear(hidden, embed_dim)
        )
        self.dropout = nn.Dropout(dropout)

    def attention(self, tokens: Tensor) -> Tensor:
        """Let the tokens (B, L, D) look at each other."""
        batch, length, width = tokens.shape
        parts = self.qkv(tokens).view(batch, length, 3, self.num_heads, width // self.num_heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.projection(mixed.transpose(1, 2).reshape(batch, length, width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, L, D) to tokens of the same shape."""
        tokens = tokens + self.dropout(self.attention(self.norm1(tokens)))
        return tokens + self.dropout(self.mlp(self.norm2(tokens)))


class WaveformTransformer(nn.Module):
    """Classify windows (B, C, T) by attention over patches of time.

    A convolution with a non-linearity goes before the patches are cut: what matters in an
    electromyogram is its envelope, which no linear map of the waveform can give.

    Args:
        num_channels: C.
        num_samples: T, a multiple of `patch_size`.
        patch_size: Samples in a patch.
        embed_dim: Width of a token, a multiple of `num_heads`.
        depth: Number of blocks.
        num_heads: Attention heads.
        mlp_ratio: Width of the feed-forward layer as a multiple of `embed_dim`.
        kernel_size: Samples that the filters before the patches see, an odd number.
        dropout: Share of activations dropped in training.
        num_classes: Outputs of the head.

    Raises:
        ValueError: Sizes that do not divide as said above.
    """

    def __init__(
        self,
        num_channels: int = 8,
        num_samples: int = 200,
        patch_size: int = 10,
        embed_dim: int = 96,
        depth: int = 4,
        num_heads: int = 4,
        mlp_ratio: float = 2.0,
        kernel_size: int = 9,
        dropout: float = 0.1,
        num_classes: int = 8,
    ) -> None:
        super().__init__()
        if num_samples % patch_size:
            raise ValueError(f"num_samples={num_samples} is no multiple of {patch_size=}")
        if embed_dim % num_heads:
            raise ValueError(f"embed_dim={embed_dim} is no multiple of {num_heads=}")
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size={kernel_size} must be odd")
        self.num_samples = num_samples
        self.patch_embed = nn.Sequential(
            nn.Conv1d(num_channels, embed_dim, kernel_size, padding="same"),
            nn.GELU(),
            nn.Conv1d(embed_dim, embed_dim, patch_size, stride=patch_size),
        )
        self.pos_embed = nn.Parameter(torch.empty(1, num_samples // patch_size, embed_dim))
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(embed_dim, num_heads, mlp_ratio, dropout) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """Map windows (B, C, T) to tokens (B, T / patch_size, embed_dim)."""
        tokens = self.patch_embed(x).transpose(1, 2) + self.pos_embed
        tokens = self.dropout(tokens)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows (B, C, T) to logits (B, num_classes)."""
        return self.head(self.dropout(self.features(x).mean(dim=1)))
