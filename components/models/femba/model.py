"""The encoder, with the classifier or the decoder that its arguments ask for."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from components.failures import InputError
from components.models.femba.heads import Classifier, Decoder
from components.models.femba.mamba import BidirectionalMamba

CLASSIFICATION_TYPES = ("bc", "ml", "mcc", "mc", "mmc")


class FEMBA(nn.Module):
    """Patches of neighbouring channels and samples, mixed over time by bidirectional Mamba blocks.

    Args:
        seq_length: T, samples of a window.
        num_channels: C.
        num_classes: K, classes or logits; 0 builds the pre-training form, which reconstructs.
        kernel_1: without effect; configurations of the published models have it.
        kernel_dec: kernel of the pre-training decoder over (time, features).
        exp: inner width of a block as a multiple of its width.
        patch_size: channels and samples of a patch.
        stride: from patch to patch, likewise.
        embed_dim: features of a patch.
        num_blocks: of Mamba pairs.
        classification_type: what is given: (B, K) for bc, ml and mcc, (B, C) for mc whatever K
            is, (B, C, K) for mmc.

    Raises:
        ValueError: sizes that leave no patch, or an unknown classification type.
    """

    def __init__(
        self,
        seq_length: int = 1280,
        num_channels: int = 22,
        num_classes: int = 0,
        kernel_1: int = 64,
        kernel_dec: Sequence[int] = (31, 31),
        exp: int = 4,
        patch_size: Sequence[int] = (2, 16),
        stride: Sequence[int] = (2, 16),
        embed_dim: int = 79,
        num_blocks: int = 1,
        classification_type: str = "bc",
    ) -> None:
        super().__init__()
        if classification_type not in CLASSIFICATION_TYPES:
            known = ", ".join(CLASSIFICATION_TYPES)
            raise ValueError(f"{classification_type=}: must be one of {known}")
        self.window = (num_channels, seq_length)
        rows, columns = (
            (size - patch) // step + 1
            for size, patch, step in zip(self.window, patch_size, stride, strict=True)
        )
        if min(rows, columns) < 1:
            raise ValueError(f"{num_channels=}, {seq_length=}: less than one patch {patch_size}")
        width = embed_dim * rows
        self.pos_embed = nn.Parameter(torch.zeros(1, columns, width))
        self.patch_embed = nn.ModuleDict(
            {"proj": nn.Conv2d(1, embed_dim, tuple(patch_size), tuple(stride))}
        )
        self.mamba_blocks = nn.ModuleList(BidirectionalMamba(width, exp) for _ in range(num_blocks))
        self.norm_layers = nn.ModuleList(nn.LayerNorm(width) for _ in range(num_blocks))
        shapes = {"mc": (num_channels,), "mmc": (num_channels, num_classes)}
        self.logits = shapes.get(classification_type, (num_classes,))
        if num_classes:
            self.classifier = Classifier(width, torch.Size(self.logits).numel())
        else:
            sizes = (tuple(size) for size in (patch_size, stride))
            self.decoder = Decoder(tuple(kernel_dec), rows, embed_dim, *sizes)

    def tokens(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Maps windows (B, C, T) to one token a column of patches, (B, columns, width).

        Raises:
            InputError: windows of other sizes; a channel too many would be dropped in silence.
        """
        if x.shape[1:] != self.window:
            channels, samples = self.window
            raise InputError(
                f"the windows have {x.shape[1]} channels and {x.shape[2]} samples, but FEMBA is "
                f"built for model.num_channels={channels} and model.seq_length={samples}"
            )
        if mask is not None:
            x = x.masked_fill(mask, 0)
        return self.patch_embed["proj"](x[:, None]).flatten(1, 2).mT

    def latent(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Maps windows (B, C, T) to the backbone's output, (B, columns, width)."""
        tokens = self.tokens(x, mask) + self.pos_embed
        for block, norm in zip(self.mamba_blocks, self.norm_layers, strict=True):
            tokens = norm(tokens + block(tokens))
        return tokens

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Maps normalised windows to logits, or in the pre-training form to windows.

        Args:
            x: (B, C, T).
            mask: (B, C, T), true where the input is to be hidden, by a zero.

        Returns:
            As `classification_type` says, or (B, C, T) in the pre-training form.
        """
        latent = self.latent(x, mask)
        if hasattr(self, "decoder"):
            return self.decoder(latent)
        return self.classifier(latent).unflatten(1, self.logits)
