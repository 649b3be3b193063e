"""The LUNA encoder with its classifier or the decoder of its pre-training."""

from typing import NamedTuple

import torch
from timm.layers import Mlp
from torch import Tensor, nn

from components.failures import InputError
from components.models.luna import stem
from components.models.luna.blocks import Block
from components.models.luna.heads import ChannelNames, Classifier, Decoder
from components.models.luna.unification import ChannelUnification
from components.models.residual import shrink_branches


class Encoded(NamedTuple):
    """What the encoder knows of B windows with C channels and S patches in time.

    Attributes:
        latent: (B, S, E).
        places: (B * S, C, D), the embedded coordinates as they were added to the tokens.
        attention: (B * S, Q, C), how much each query took of each channel; in the pre-training
            form alone.
    """

    latent: Tensor
    places: Tensor
    attention: Tensor | None


class LUNA(nn.Module):
    """EEG of any montage, by the positions of its electrodes.

    Args:
        patch_size: samples P of a patch; 40, 32, 20 or 16.
        num_queries: queries Q that stand for the channels.
        embed_dim: width D of a channel's token, a multiple of 16; a patch in time has E = Q D.
        depth: number of blocks.
        num_heads: heads of the attention over channels; the blocks have Q times as many.
        mlp_ratio: width of the feed-forward layers as a multiple of D or E.
        drop_path: share of branches dropped in training, the same in every block.
        num_classes: outputs of the classifier; 0 is the pre-training form.
        coordinate_noise: standard deviation of the noise on coordinates scaled to 0 ... 1, drawn
            anew in each call, in eval mode too. The published code adds 0.02 whenever it is given
            a mask, and its fine-tuning always gives an empty one.
        tiled_locations: true adds the coordinates of window r mod B to row r = b S + s, as the
            published code does by mistake. Without noise it makes no difference among windows of
            one montage.

    Raises:
        ValueError: sizes that do not divide as said above.
    """

    def __init__(
        self,
        patch_size: int = 40,
        num_queries: int = 4,
        embed_dim: int = 64,
        depth: int = 8,
        num_heads: int = 2,
        mlp_ratio: float = 4.0,
        drop_path: float = 0.0,
        num_classes: int = 0,
        coordinate_noise: float = 0.0,
        tiled_locations: bool = False,
    ) -> None:
        super().__init__()
        stem.check_widths(embed_dim, num_heads)
        self.patch_size, self.width = patch_size, embed_dim
        self.coordinate_noise, self.tiled_locations = coordinate_noise, tiled_locations
        width = num_queries * embed_dim
        self.mask_token = nn.Parameter(torch.empty(1, 1, embed_dim))
        # Without a mask it gets no gradient, which stops a distributed training.
        self.mask_token.requires_grad_(num_classes == 0)
        self.patch_embed = stem.TemporalEmbedding(patch_size, embed_dim)
        self.freq_embed = stem.FrequencyEmbedding(patch_size, embed_dim)
        self.channel_location_embedder = nn.Sequential(
            Mlp(embed_dim, 2 * embed_dim, norm_layer=nn.LayerNorm)
        )
        self.cross_attn = ChannelUnification(
            embed_dim, num_queries, num_heads, int(mlp_ratio * embed_dim)
        )
        self.blocks = nn.ModuleList(
            Block(width, num_queries * num_heads, mlp_ratio, drop_path) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        if num_classes:
            self.classifier = Classifier(width, num_heads, num_classes)
        else:
            self.decoder_head = Decoder(embed_dim, num_heads, patch_size)
            self.channel_emb = ChannelNames(embed_dim)
        self.pretraining = num_classes == 0
        self._initialize()

    def encode(self, x: Tensor, mask: Tensor | None, channel_locations: Tensor | None) -> Encoded:
        """Encodes windows; the arguments are those of `forward`."""
        tokens = self._tokens(x, mask)
        rows = tokens.transpose(1, 2).flatten(0, 1)
        places = self._by_rows(self._places(x, channel_locations), tokens.shape[2])
        queries, attention = self.cross_attn(rows + places, scores=self.pretraining)
        sequence = queries.flatten(1).unflatten(0, (x.shape[0], -1))
        for block in self.blocks:
            sequence = block(sequence)
        return Encoded(self.norm(sequence), places, attention)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        channel_locations: Tensor | None = None,
        channel_names: Tensor | None = None,
    ) -> Tensor:
        """Maps windows to logits, or back to themselves in the pre-training form.

        Args:
            x: (B, C, T), each channel z-scored; C may differ from call to call.
            mask: (B, C, T), true where a sample is hidden; its whole patch is hidden then.
            channel_locations: (B, C, 3) in metres.
            channel_names: (B, C), rows of the table of names; for the pre-training form alone.

        Returns:
            Logits (B, num_classes), or the reconstruction (B, C, T).

        Raises:
            InputError: no whole number of patches, or channels without a position.
        """
        encoded = self.encode(x, mask, channel_locations)
        if not self.pretraining:
            return self.classifier(encoded.latent)
        if channel_names is None:
            raise InputError("LUNA: its pre-training form needs channel_names (B, C)")
        patches = encoded.latent.shape[1]
        channels = encoded.places + self._by_rows(self.channel_emb(channel_names), patches)
        memory = encoded.latent.flatten(0, 1).unflatten(-1, (-1, self.width))
        decoded = self.decoder_head(channels, memory)
        return decoded.unflatten(0, (x.shape[0], -1)).transpose(1, 2).flatten(2)

    def _tokens(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, C, S, D), without coordinates."""
        if x.shape[-1] % self.patch_size:
            raise InputError(
                f"model.patch_size={self.patch_size}: the windows have {x.shape[-1]} samples, "
                "which is no multiple of it; cut them to one"
            )
        cut = (-1, self.patch_size)
        patches = x.unflatten(-1, cut)
        tokens = self.patch_embed(patches) + self.freq_embed(patches)
        if mask is None:
            return tokens
        hidden = mask.unflatten(-1, cut).any(-1, keepdim=True)
        return torch.where(hidden, self.mask_token, tokens)

    def _places(self, x: Tensor, channel_locations: Tensor | None) -> Tensor:
        """The embedded coordinates (B, C, D) of each window's channels."""
        if channel_locations is None:
            raise InputError(
                "LUNA: needs channel_locations (B, C, 3); set model.adapter to what gives them"
            )
        scaled = stem.unit_cube(channel_locations)
        if self.coordinate_noise:
            scaled = scaled + self.coordinate_noise * torch.randn_like(scaled)
        return self.channel_location_embedder(stem.waves(scaled, self.width).to(x.dtype))

    def _by_rows(self, of_windows: Tensor, patches: int) -> Tensor:
        """Gives each row r = b S + s of B * S the (C, D) of its window b out of (B, C, D)."""
        if self.tiled_locations:
            return of_windows.repeat(patches, 1, 1)
        return of_windows.repeat_interleave(patches, 0)

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_normal_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.MultiheadAttention):
                # Torch's copies of one layer would all begin with the same weights.
                nn.init.xavier_uniform_(module.in_proj_weight)
        nn.init.trunc_normal_(self.mask_token, std=0.02)
        nn.init.orthogonal_(self.cross_attn.query_embed[0])
        if not self.pretraining:
            nn.init.normal_(self.classifier.learned_agg)
        shrink_branches(self.blocks)
