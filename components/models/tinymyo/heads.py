"""What is made of the latent tokens (B, C * S, D): classes, curves, or the patches themselves."""

from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 256


class Classification(nn.Module):
    """One linear layer on the mean over time.

    Args:
        channels: C.
        reduction: `concat` keeps a mean for each channel, `mean` takes it over the channels too.
    """

    def __init__(self, channels: int, embed_dim: int, num_classes: int, reduction: str) -> None:
        super().__init__()
        self.channels, self.reduction = channels, reduction
        width = embed_dim * channels if reduction == "concat" else embed_dim
        self.classifier = nn.Linear(width, num_classes)

    def forward(self, latent: Tensor) -> Tensor:
        """Maps the latent to logits (B, num_classes)."""
        of_channels = latent.unflatten(1, (self.channels, -1)).mean(2)
        pooled = of_channels.flatten(1) if self.reduction == "concat" else of_channels.mean(1)
        return self.classifier(pooled)


class Regression(nn.Module):
    """Convolutions over the patches of a window, stretched to as many values as are wanted.

    Args:
        channels: C.
        length: values in time that come out.
    """

    def __init__(self, channels: int, embed_dim: int, num_outputs: int, length: int) -> None:
        super().__init__()
        self.channels, self.length = channels, length
        self.regressor = nn.Sequential(
            nn.Conv1d(channels * embed_dim, HIDDEN, 1),
            nn.SiLU(),
            nn.Dropout(0.1),
            nn.Conv1d(HIDDEN, HIDDEN, 3, padding=1, groups=HIDDEN),
            nn.SiLU(),
            nn.Conv1d(HIDDEN, num_outputs, 1),
        )

    def forward(self, latent: Tensor) -> Tensor:
        """Maps the latent to curves (B, length, num_outputs)."""
        of_channels = latent.unflatten(1, (self.channels, -1))
        curves = self.regressor(of_channels.permute(0, 1, 3, 2).flatten(1, 2))
        if curves.shape[-1] != self.length:
            curves = functional.interpolate(curves, self.length, mode="linear")
        return curves.transpose(1, 2)


class Reconstruction(nn.Module):
    """The decoder of the pre-training: the samples of each patch."""

    def __init__(self, embed_dim: int, patch_size: int) -> None:
        super().__init__()
        self.decoder_pred = nn.Linear(embed_dim, patch_size)

    def forward(self, latent: Tensor) -> Tensor:
        """Maps the latent to patches (B, C * S, P)."""
        return self.decoder_pred(latent)
