"""What is exported: all from windows in physical units to probabilities."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from components.failures import Failure, first_line
from components.objectives import Objective

INPUT = "windows"
OUTPUTS = ("probabilities", "logits")
MOST = 65_536  # windows in a batch


class Exportable(nn.Module):
    """A network with its normalisation and, behind it, what makes probabilities of logits."""

    def __init__(self, network: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.network, self.objective = network, objective

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Maps windows (B, C, T) to probabilities (B, ...) and logits (B, num_logits), float32."""
        logits = self.network(windows).float()
        return self.objective.probabilities(logits).float(), logits


@contextmanager
def portable() -> Iterator[None]:
    """Lets attention be taken apart into operators that are known outside of PyTorch."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def traced(model: Exportable, example: Tensor) -> torch.export.ExportedProgram:
    """A model's operators, for a batch of any size.

    Args:
        example: windows (B, C, T), of which B alone may be another one later.

    Raises:
        Failure: the model's code can't be followed.
    """
    batch = torch.export.Dim("batch", min=1, max=MOST)
    try:
        with portable():
            return torch.export.export(model, (example,), dynamic_shapes=({0: batch},))
    except (torch._dynamo.exc.TorchDynamoException, RuntimeError, ValueError) as error:
        raise Failure(f"torch.export: can't be exported: {first_line(error)[:300]}") from error
