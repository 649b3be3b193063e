"""What stands on FEMBA's backbone: a classifier, or in pre-training a decoder."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from components.models.femba.mamba import Mamba

WIDTH = 256  # of the classifier


class Classifier(nn.Module):
    """A Mamba block over the tokens, their mean, and a linear map to the logits."""

    def __init__(self, width: int, num_logits: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, WIDTH)
        self.mamba_1 = Mamba(WIDTH, expand=2)
        self.fc3 = nn.Linear(WIDTH, num_logits)

    def forward(self, latent: Tensor) -> Tensor:
        """Maps tokens (batch, length, width) to logits (batch, num_logits)."""
        return self.fc3(self.mamba_1(functional.gelu(self.fc1(latent))).mean(dim=1))


class Decoder(nn.Module):
    """Draws the signal from the tokens, read as an image of one channel.

    Args:
        kernel: of the convolution over (time, features), odd numbers.
        rows: rows of patches across the channels.
        embed_dim: features of a patch.
        patch_size, stride: over (channels, samples).
    """

    def __init__(
        self,
        kernel: tuple[int, int],
        rows: int,
        embed_dim: int,
        patch_size: tuple[int, int],
        stride: tuple[int, int],
    ) -> None:
        super().__init__()
        padding = tuple((size - 1) // 2 for size in kernel)
        self.patches = (embed_dim, rows)
        self.dec_conv = nn.Conv2d(1, 1, kernel, padding=padding, bias=False)
        self.conv_transpose = nn.ConvTranspose2d(embed_dim, 1, patch_size, stride)

    def forward(self, latent: Tensor) -> Tensor:
        """Maps tokens (batch, length, embed_dim * rows) to signals (batch, channels, samples)."""
        features = torch.squeeze(self.dec_conv(latent[:, None]), 1).mT
        return torch.squeeze(self.conv_transpose(features.unflatten(1, self.patches)), 1)
