"""The test split through the model, once."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from components import running


def predict(
    networks: Mapping[str, nn.Module], batches: Iterable[Mapping[str, Tensor]], place: torch.device
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Runs networks over all batches, read once, without waiting for the device in between.

    Args:
        networks: by a name for messages; in eval mode; windows (B, C, T) to logits.
        batches: with "input", "label" and "flaws".
        place: where to compute.

    Returns:
        Logits (N, ...) float32 of each network and labels (N, ...) in the batches' order, on a
        device that has float64, and the sum of the batches' flaws (2, C).

    Raises:
        InputError: a model cannot take windows of this shape.
        Failure: the device's memory is too small.
    """
    networks = {name: network.to(place) for name, network in networks.items()}
    logits: dict[str, list[Tensor]] = {name: [] for name in networks}
    labels: list[Tensor] = []
    flaws: list[Tensor] = []
    with torch.inference_mode():
        for batch in batches:
            inputs = batch["input"].to(place, non_blocking=True)
            for name, network in networks.items():
                first = None if logits[name] else name
                logits[name].append(running.logits(network, inputs, first).float())
            labels.append(batch["label"])
            flaws.append(batch["flaws"])
        # Metrics are made in float64, which Apple's GPUs lack.
        rest = torch.device("cpu") if place.type == "mps" else place
        joined = {name: torch.cat(parts).to(rest) for name, parts in logits.items()}
        return joined, torch.cat(labels).to(rest), torch.stack(flaws).sum(0)
