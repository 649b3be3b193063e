"""Blocks that let the patches in time look at each other, and know their distance."""

import torch
from timm.layers import DropPath, Mlp
from torch import Tensor, nn
from torch.nn import functional

from components.models.rotary import frequencies, rotate


class RotaryEmbedding(nn.Module):
    """Turns queries and keys by their place in time.

    The frequencies are constants that the published code stores with the weights; they get no
    gradient.
    """

    def __init__(self, head_width: int) -> None:
        super().__init__()
        self.freqs = nn.Parameter(frequencies(head_width), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Turns (..., S, head_width)."""
        places = torch.arange(x.shape[-2], device=x.device)
        return rotate(x, places[:, None] * self.freqs.float())


class Attention(nn.Module):
    """Multi-head self-attention with rotary positions."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.rotary_emb = RotaryEmbedding(width // num_heads)
        self.qkv_proj = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Mixes tokens (B, S, E)."""
        batch, length, width = tokens.shape
        parts = self.qkv_proj(tokens).view(batch, length, 3, self.num_heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        query, key = self.rotary_emb(query), self.rotary_emb(key)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.proj(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    """Pre-norm attention and feed-forward, each added to its input."""

    def __init__(self, width: int, num_heads: int, mlp_ratio: float, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, num_heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width, int(mlp_ratio * width), norm_layer=nn.LayerNorm)
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor) -> Tensor:
        """Maps tokens (B, S, E) to tokens of the same shape."""
        tokens = tokens + self.drop_path(self.attn(self.norm1(tokens)))
        return tokens + self.drop_path(self.mlp(self.norm2(tokens)))
