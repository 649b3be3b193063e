"""A program of `torch.export`, which any PyTorch runs without this package."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from components.export.exportable import Exportable, dynamic, portable
from components.failures import Failure, first_line

PACKAGES = ()


def write(
    model: Exportable, example: torch.Tensor, file: Path, metadata: Mapping[str, str]
) -> None:
    """Writes a model as a `.pt2` file; arguments as of `onnx_file.write`.

    Raises:
        Failure: the model's code can't be followed.
    """
    try:
        with portable():
            program = torch.export.export(model, (example,), dynamic_shapes=dynamic())
        torch.export.save(program, file, extra_files=dict(metadata))
    except (torch._dynamo.exc.TorchDynamoException, RuntimeError, ValueError) as error:
        raise Failure(f"torch.export: can't be exported: {first_line(error)[:300]}") from error


class Session:
    """A `.pt2` file, loaded."""

    def __init__(self, file: Path) -> None:
        self._program = torch.export.load(file).module()

    def __call__(self, windows: np.ndarray) -> list[np.ndarray]:
        """Probabilities and logits of windows (B, C, T) float32."""
        with torch.inference_mode():
            return [output.numpy() for output in self._program(torch.from_numpy(windows))]
