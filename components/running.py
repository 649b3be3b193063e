"""A network on a device: where it runs, and what is said when it can't take its input."""

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


def logits(network: nn.Module, windows: Tensor, first: str | None) -> Tensor:
    """Logits of a batch of windows (B, C, T).

    Args:
        first: in the first batch what to call the network: what it refuses there is not its kind
            of data. None later, when an error is a fault of ours.

    Raises:
        InputError: the network cannot take windows of this shape.
        Failure: the device's memory is too small.
    """
    try:
        return network(windows)
    except torch.OutOfMemoryError as error:
        raise Failure(
            f"data.batch_size={len(windows)}: too large for the memory of {windows.device}; "
            "lower it"
        ) from error
    except (RuntimeError, ValueError, IndexError) as error:
        if first is None:
            raise
        _, channels, samples = windows.shape
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"the {first} fails on windows of {channels} channels and {samples} samples "
            f"({reason}); give the kind of data that it was tuned on"
        ) from error
