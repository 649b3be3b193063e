"""What is made of the latent sequence: classes, or the hidden samples of the pre-training."""

from timm.layers import Mlp
from torch import Tensor, empty, nn

DROPOUT = 0.15
NAMES = 90  # channel names that the pre-training knows


class Classifier(nn.Module):
    """One learned query pools the sequence; two layers classify what it saw.

    As published, dropout falls on the logits too.
    """

    def __init__(self, width: int, num_heads: int, num_classes: int) -> None:
        super().__init__()
        self.learned_agg = nn.Parameter(empty(1, 1, width))
        self.decoder_attn = nn.MultiheadAttention(width, num_heads, DROPOUT, batch_first=True)
        self.decoder_ffn = Mlp(width, 4 * width, num_classes, drop=DROPOUT)

    def forward(self, latent: Tensor) -> Tensor:
        """Maps the latent (B, S, E) to logits (B, num_classes)."""
        query = self.learned_agg.expand(latent.shape[0], -1, -1)
        pooled, _ = self.decoder_attn(query, latent, latent, need_weights=False)
        return self.decoder_ffn(pooled[:, 0])


class ChannelNames(nn.Module):
    """An embedding for each channel name of the pre-training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(NAMES, width)

    def forward(self, names: Tensor) -> Tensor:
        """Maps rows of the table (B, C) to (B, C, D)."""
        return self.embeddings(names)


class Decoder(nn.Module):
    """Channels look at the latent queries of their patch and give their samples back."""

    def __init__(self, width: int, num_heads: int, patch_size: int) -> None:
        super().__init__()
        layer = nn.TransformerDecoderLayer(
            width, num_heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.decoder_pred = nn.TransformerDecoder(layer, 1)
        self.norm = nn.LayerNorm(width)
        self.decoder_linear = Mlp(width, 4 * width, patch_size)

    def forward(self, channels: Tensor, memory: Tensor) -> Tensor:
        """Maps channels (R, C, D), looking at memory (R, Q, D), to patches (R, C, P)."""
        return self.decoder_linear(self.norm(self.decoder_pred(channels, memory)))
