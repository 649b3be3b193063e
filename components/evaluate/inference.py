"""The test split through the model, once."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from components.failures import Failure, InputError

DEVICES = {"cpu": "cpu", "gpu": "cuda", "cuda": "cuda", "mps": "mps"}


def device(accelerator: str) -> torch.device:
    """The device behind Lightning's name for an accelerator.

    Raises:
        InputError: the name is unknown, or there is no such device.
    """
    available = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if accelerator == "auto":
        found = [name for name, is_there in available.items() if is_there()]
        return torch.device(found[0] if found else "cpu")
    name = DEVICES.get(accelerator)
    if name is None:
        raise InputError(f"trainer.accelerator={accelerator}: set auto, {', '.join(DEVICES)}")
    if name in available and not available[name]():
        raise InputError(f"trainer.accelerator={accelerator}: no such device here; set cpu or auto")
    return torch.device(name)


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
                logits[name].append(_forward(network, inputs, first).float())
            labels.append(batch["label"])
            flaws.append(batch["flaws"])
        # Metrics are made in float64, which Apple's GPUs lack.
        rest = torch.device("cpu") if place.type == "mps" else place
        joined = {name: torch.cat(parts).to(rest) for name, parts in logits.items()}
        return joined, torch.cat(labels).to(rest), torch.stack(flaws).sum(0)


def _forward(network: nn.Module, inputs: Tensor, first: str | None) -> Tensor:
    """Logits of a batch; what a network refuses in its first one is not its kind of data."""
    try:
        return network(inputs)
    except torch.OutOfMemoryError as error:
        raise Failure(
            f"data.batch_size={len(inputs)}: too large for the memory of {inputs.device}; lower it"
        ) from error
    except (RuntimeError, ValueError, IndexError) as error:
        if first is None:
            raise
        _, channels, samples = inputs.shape
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"dataset: the {first} fails on windows of {channels} channels and {samples} samples "
            f"({reason}); give the kind of data that it was tuned on"
        ) from error
