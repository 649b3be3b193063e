"""A plain convolutional network, as a user would bring it."""

from torch import nn


def convnet(num_channels: int = 8, width: int = 16, num_classes: int = 2) -> nn.Module:
    """Two strided convolutions with batch norm, a mean over time, a linear head."""
    return nn.Sequential(
        nn.Conv1d(num_channels, width, 7, stride=4),
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.Conv1d(width, width, 7, stride=4),
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(width, num_classes),
    )
