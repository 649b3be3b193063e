"""Divides a model among the processes of a training: what can be, and what all have in common."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from components.failures import Failure, InputError
from components.finetune.acceleration import blocks


def divide(encoder: nn.Module, parts: Mapping[str, str], device: torch.device) -> None:
    """Divides a model among all processes; each block of its layout is put together by itself.

    Args:
        parts: part of each tensor of the encoder.
        device: of this process.

    Raises:
        InputError: the model has what can't be divided.
    """
    units = blocks(encoder, parts)
    _check(encoder, units)
    agree([*encoder.parameters(), *encoder.buffers()], device)
    mesh = init_device_mesh(device.type, (distributed.get_world_size(),))
    single = {parameter for parameter in encoder.parameters() if not parameter.ndim}
    for module in (*units, encoder):
        fully_shard(module, mesh=mesh, ignored_params=single)
    # Of a block's output it is worth knowing; into the logits nobody writes.
    said = rf"FSDP2-wrapped module \({type(encoder).__name__}\) returned a view"
    warnings.filterwarnings("ignore", message=said)


@contextmanager
def told() -> Iterator[None]:
    """Turns what a divided model can't do in the block into a line."""
    try:
        yield
    except RuntimeError as error:
        if "mixed torch.Tensor and DTensor" not in str(error):
            raise
        raise Failure(
            "trainer.strategy=fsdp: the model uses a part of a block outside of the block's own "
            "forward, where it is not whole; use it there, or set trainer.strategy=ddp"
        ) from error


def learned_without_gradients(network: nn.Module) -> list[str]:
    """The buffers that are saved with a model, such as the statistics of batch norm."""
    saved = network.state_dict()
    return [name for name, _ in network.named_buffers() if name in saved]


def agree(tensors: Iterable[Tensor], device: torch.device | None = None) -> None:
    """Gives all processes the first one's values, as ddp does."""
    with torch.no_grad():
        for tensor in tensors:
            there = tensor.detach().to(device or tensor.device)
            distributed.broadcast(there, 0)
            if there.device != tensor.device:
                tensor.copy_(there)


def _check(encoder: nn.Module, units: Iterable[nn.Module]) -> None:
    for name, parameter in encoder.named_parameters():
        if not parameter.ndim and parameter.requires_grad:
            raise InputError(
                f"trainer.strategy=fsdp: the model's {name} is a single number that learns, which "
                "can't be divided; give it the shape (1,), or set trainer.strategy=ddp"
            )
    homes: dict[nn.Module, set[nn.Module | None]] = {}
    for unit in units:
        for module in unit.modules():
            homes.setdefault(module, set()).add(unit)
    users: dict[nn.Parameter, set[nn.Module | None]] = {}
    for prefix, module in encoder.named_modules():
        for name, parameter in module.named_parameters(prefix, recurse=False):
            used = users.setdefault(parameter, set())
            used |= homes.get(module, {None})
            if len(used) > 1:
                raise InputError(
                    f"trainer.strategy=fsdp: the model's {name} belongs to several blocks, which "
                    "are put together one by one; set trainer.strategy=ddp"
                )
