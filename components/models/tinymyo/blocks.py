"""Tokens out of channels, and the blocks that let them look at each other."""

import torch
from timm.layers import DropPath, Mlp
from torch import Tensor, nn
from torch.nn import functional

from components.models.rotary import rotate


class PatchEmbedding(nn.Module):
    """One linear map for every patch of every channel."""

    def __init__(self, patch_size: int, embed_dim: int) -> None:
        super().__init__()
        patch = (1, patch_size)
        # The dictionary is there for the published name, patch_embedding.patch_embed.proj.
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(1, embed_dim, patch, stride=patch)})

    def forward(self, x: Tensor) -> Tensor:
        """Maps windows (B, C, T) to tokens (B, C * S, D), those of the first channel first."""
        return self.patch_embed["proj"](x.unsqueeze(1)).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Multi-head self-attention over all tokens."""

    def __init__(
        self, embed_dim: int, num_heads: int, qkv_bias: bool, attn_drop: float, proj_drop: float
    ) -> None:
        super().__init__()
        self.num_heads, self.attn_drop = num_heads, attn_drop
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim, bias=qkv_bias)
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, tokens: Tensor, angles: Tensor | None, visible: Tensor | None) -> Tensor:
        """Mixes tokens (B, N, D).

        Args:
            angles: (N, D / heads / 2), by which queries and keys are turned; None for no turn.
            visible: (B, 1, 1, N), false for keys that nobody may look at; None for none.
        """
        batch, length, width = tokens.shape
        parts = self.qkv(tokens).view(batch, length, 3, self.num_heads, width // self.num_heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        if angles is not None:
            query, key = rotate(query, angles), rotate(key, angles)
        mixed = functional.scaled_dot_product_attention(
            query, key, value, visible, dropout_p=self.attn_drop if self.training else 0.0
        )
        return self.proj_drop(self.proj(mixed.transpose(1, 2).reshape(batch, length, width)))


class Block(nn.Module):
    """Pre-norm attention and feed-forward, each added to its input."""

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        mlp_ratio: float,
        qkv_bias: bool,
        attn_drop: float,
        proj_drop: float,
        drop_path: float,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dim)
        self.attn = Attention(embed_dim, num_heads, qkv_bias, attn_drop, proj_drop)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = Mlp(embed_dim, int(embed_dim * mlp_ratio), drop=proj_drop)
        self.drop_path = DropPath(drop_path)

    def forward(
        self, tokens: Tensor, angles: Tensor | None = None, visible: Tensor | None = None
    ) -> Tensor:
        """Maps tokens (B, N, D) to tokens; the arguments are those of `Attention`."""
        tokens = tokens + self.drop_path(self.attn(self.norm1(tokens), angles, visible))
        return tokens + self.drop_path(self.mlp(self.norm2(tokens)))


def hide(tokens: Tensor, mask: Tensor, mask_token: Tensor) -> Tensor:
    """Replaces each token (B, C * S, D) of which `mask` (B, C, T) hides at least one sample."""
    batch, length, _ = tokens.shape
    hidden = mask.reshape(batch, length, -1).any(-1, keepdim=True)
    return torch.where(hidden, mask_token, tokens)
