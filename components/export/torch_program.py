"""A program of `torch.export`, which any PyTorch runs without this package."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

PACKAGES = ()


def write(program: torch.export.ExportedProgram, file: Path, metadata: Mapping[str, str]) -> None:
    """Writes a program as a `.pt2` file; `metadata` are texts that the file keeps."""
    torch.export.save(program, file, extra_files=dict(metadata))


class Session:
    """A `.pt2` file, loaded."""

    def __init__(self, file: Path) -> None:
        self._program = torch.export.load(file).module()

    def __call__(self, windows: np.ndarray) -> list[np.ndarray]:
        """Probabilities and logits of windows (B, C, T) float32."""
        with torch.inference_mode():
            return [output.numpy() for output in self._program(torch.from_numpy(windows))]
