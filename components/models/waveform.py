"""A small transformer on raw multi-channel waveforms, made of torch's own modules."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# Keeps the logarithm of a silent patch finite, and the noise of a relaxed muscle from looking like
# a signal; in squared units of the normalised input.
POWER_FLOOR = 1e-2


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


class LogPowerPatches(nn.Module):
    """Patches of time as tokens: the log power that each channel's own learned filters let through.

    What tells gestures apart in an electromyogram is its envelope, which no linear map of the
    waveform can give, and a gain, whoever's skin and electrode it belongs to, is a mere shift of a
    logarithm. Filters that mix channels learned the people they were trained on instead.
    """

    def __init__(
        self, channels: int, filters: int, kernel_size: int, patch_size: int, embed_dim: int
    ) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.filters = nn.Conv1d(
            channels,
            channels * filters,
            kernel_size,
            padding="same",
            groups=channels,
            bias=False,
        )
        self.projection = nn.Linear(channels * filters, embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows (B, C, T) to tokens (B, T / patch_size, D)."""
        x = x - x.mean(dim=-1, keepdim=True)  # an electrode's offset carries nothing
        power = functional.avg_pool1d(self.filters(x).square(), self.patch_size)
        return self.projection(torch.log(power + POWER_FLOOR).transpose(1, 2))


class WaveformTransformer(nn.Module):
    """Classify windows (B, C, T) by attention over patches of time.

    Args:
        num_channels: C.
        num_samples: T, a multiple of `patch_size`.
        patch_size: Samples in a patch.
        embed_dim: Width of a token, a multiple of `num_heads`.
        depth: Number of blocks.
        num_heads: Attention heads.
        mlp_ratio: Width of the feed-forward layer as a multiple of `embed_dim`.
        filters: Learned filters for each channel.
        kernel_size: Samples that a filter sees, an odd number.
        dropout: Share of activations dropped in training.
        num_classes: Outputs of the head.

    Raises:
        ValueError: Sizes that do not divide as said above.
    """

    def __init__(
        self,
        num_channels: int = 8,
        num_samples: int = 200,
        patch_size: int = 25,
        embed_dim: int = 96,
        depth: int = 4,
        num_heads: int = 4,
        mlp_ratio: float = 2.0,
        filters: int = 2,
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
        self.window = (num_channels, num_samples)
        self.patch_embed = LogPowerPatches(
            num_channels, filters, kernel_size, patch_size, embed_dim
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
        """Map windows (B, C, T) to tokens (B, T / patch_size, embed_dim).

        Raises:
            ValueError: Another C or T than the model was made for; a window of a single patch
                would otherwise be spread over all positions in silence.
        """
        if tuple(x.shape[1:]) != self.window:
            raise ValueError(
                "made for windows of {} channels and {} samples, ".format(*self.window)
                + "not {}".format(" and ".join(str(size) for size in x.shape[1:]))
            )
        tokens = self.patch_embed(x) + self.pos_embed
        tokens = self.dropout(tokens)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows (B, C, T) to logits (B, num_classes)."""
        return self.head(self.dropout(self.features(x).mean(dim=1)))
