"""Any number of channels into a fixed number of queries, at each patch in time."""

from timm.layers import Mlp
from torch import Tensor, empty, nn, tensor

DROPOUT = 0.1


class ChannelUnification(nn.Module):
    """Learned queries look at the channels, then at each other.

    Args:
        width: D of tokens and queries.
        num_queries: Q.
        num_heads: attention heads.
        hidden: width of the feed-forward layers.
    """

    def __init__(self, width: int, num_queries: int, num_heads: int, hidden: int) -> None:
        super().__init__()
        self.query_embed = nn.Parameter(empty(1, num_queries, width))
        # Stored under this name by the published code, and used by nothing: without a gradient,
        # which a distributed training would wait for.
        self.temparature = nn.Parameter(tensor(1.0), requires_grad=False)
        self.cross_attention = nn.MultiheadAttention(width, num_heads, DROPOUT, batch_first=True)
        self.ffn = Mlp(width, hidden, norm_layer=nn.LayerNorm, drop=DROPOUT)
        self.keys_norm = nn.LayerNorm(width)
        self.values_norm = nn.LayerNorm(width)
        self.queries_norm = nn.LayerNorm(width)
        layer = nn.TransformerEncoderLayer(
            width, num_heads, hidden, DROPOUT, "gelu", batch_first=True, norm_first=True
        )
        self.query_self_attn = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)

    def forward(self, tokens: Tensor, scores: bool = False) -> tuple[Tensor, Tensor | None]:
        """Maps the channels' tokens (R, C, D), a row for each patch in time, to queries (R, Q, D).

        Args:
            scores: whether to return the attention too, which costs time.

        Returns:
            The queries, and None or the attention (R, Q, C), its mean over the heads.
        """
        queries = self.queries_norm(self.query_embed).expand(tokens.shape[0], -1, -1)
        seen, attention = self.cross_attention(
            queries, self.keys_norm(tokens), self.values_norm(tokens), need_weights=scores
        )
        return self.query_self_attn(seen + self.ffn(seen)), attention
