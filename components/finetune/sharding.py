"""A model too large for each process to have whole: every process keeps its part of it.

Fully sharded data parallelism (Rajbhandari et al. 2020, arXiv:1910.02054; Zhao et al. 2023,
arXiv:2304.11277) by torch's `fully_shard`. Parameters, gradients and the optimizer's moments lie in
equal parts on all processes; a block of the model's layout is put together when it is its turn, and
taken apart again. What is learned is what `ddp` learns from the same global batches.

Whatever is written is whole, under the names that it always has: checkpoints and states are those
of any other strategy.
"""

import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import lightning
import torch
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from components.failures import Failure, InputError
from components.finetune.acceleration import blocks

log = logging.getLogger("biotune")


class Sharded(DDPStrategy):
    """Lightning's `ddp` with its model in parts.

    Processes, their group and the order in which things are restored are those of `ddp`: what was
    saved is loaded into the whole model, in the host's memory, which is divided after that.
    """

    def model_to_device(self) -> None:
        """Leaves the whole model where it is; its parts are moved."""

    def configure_ddp(self) -> None:
        """Divides the model in place."""
        tuner = self.lightning_module
        divide(tuner.network.encoder, tuner.parts, self.root_device)
        tuner.to(self.root_device)
        tuner.network.register_forward_pre_hook(lambda network, _: _agree(_kept(network)))

    def lightning_module_state_dict(self) -> dict[str, Any]:
        """All weights, in the first process; all processes call this at the same time."""
        return _gathered(self.lightning_module.state_dict())

    def optimizer_state(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        """The whole state, in the first process; all processes call this at the same time."""
        return _gathered(super().optimizer_state(optimizer))

    def teardown(self) -> None:
        """Leaves the parts where they are: they can be put together on their own device alone."""
        for ending in (self.cluster_environment, self.precision_plugin, self.accelerator):
            ending.teardown()

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        """Takes this process's parts of a whole state."""
        states = [
            _parted(state, optimizer)
            for state, optimizer in zip(
                checkpoint["optimizer_states"], self.optimizers, strict=True
            )
        ]
        super().load_optimizer_state_dict({"optimizer_states": states})


def settings() -> dict[str, Any]:
    """Arguments of Lightning's trainer by which the processes divide the model."""
    if not distributed.is_initialized():  # which the processes' worker does, if there are several
        log.warning("trainer.strategy=fsdp: there is one process, so that nothing is divided")
        return {"strategy": "auto"}
    # With NCCL, what is put together in inference mode could not be trained after that.
    return {"strategy": Sharded(), "inference_mode": False}


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
    _agree([*encoder.parameters(), *encoder.buffers()], device)
    mesh = init_device_mesh(device.type, (distributed.get_world_size(),))
    single = {parameter for parameter in encoder.parameters() if not parameter.ndim}
    for module in (*units, encoder):
        fully_shard(module, mesh=mesh, ignored_params=single)
    # Of a block's output it is worth knowing; into the logits nobody writes.
    told = rf"FSDP2-wrapped module \({type(encoder).__name__}\) returned a view"
    warnings.filterwarnings("ignore", message=told)


def is_divided(trainer: lightning.Trainer) -> bool:
    """Whether a process has but a part of the model."""
    return isinstance(trainer.strategy, Sharded)


def whole(tensor: Tensor) -> Tensor:
    """The tensor of which this process may have a part; all processes call this together."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def gathered(trainer: lightning.Trainer, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A model's weights, whole in the first process; all processes call this at the same time."""
    return _gathered(state) if is_divided(trainer) else dict(state)


def _gathered(node: Any) -> Any:
    """A state with whole tensors in the host's memory, in the first process; others' are empty.

    No more than one whole tensor at a time lies on a device.
    """
    if isinstance(node, Tensor):
        tensor = whole(node.detach())
        return tensor.cpu() if distributed.get_rank() == 0 else tensor.new_empty(0)
    if isinstance(node, Mapping):
        return {key: _gathered(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(_gathered(value) for value in node)
    return node


def _parted(state: Mapping[str, Any], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """An optimizer's whole state with this process's parts of what lies beside a parameter."""
    own = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    numbers = [number for group in state["param_groups"] for number in group["params"]]
    beside = {
        number: {key: _like(value, parameter) for key, value in state["state"][number].items()}
        for number, parameter in zip(numbers, own, strict=True)
        if number in state["state"]
    }
    return {**state, "state": beside}


def _like(value: Any, parameter: Tensor) -> Any:
    if not isinstance(parameter, DTensor) or getattr(value, "shape", None) != parameter.shape:
        return value
    mesh, placements = parameter.device_mesh, parameter.placements
    return distribute_tensor(value, mesh, placements, src_data_rank=None)


def _check(encoder: nn.Module, units: Iterable[nn.Module]) -> None:
    for name, parameter in encoder.named_parameters():
        if not parameter.ndim and parameter.requires_grad:
            raise InputError(
                f"trainer.strategy=fsdp: the model's {name} is a single number that learns, which "
                "can't be divided; give it the shape (1,), or set trainer.strategy=ddp"
            )
    home = {module: unit for unit in units for module in unit.modules()}
    users: dict[nn.Parameter, set[nn.Module | None]] = {}
    for prefix, module in encoder.named_modules():
        for name, parameter in module.named_parameters(prefix, recurse=False):
            used = users.setdefault(parameter, set())
            used.add(home.get(module))
            if len(used) > 1:
                raise InputError(
                    f"trainer.strategy=fsdp: the model's {name} belongs to several blocks, which "
                    "are put together one by one; set trainer.strategy=ddp"
                )


def _kept(network: nn.Module) -> list[Tensor]:
    """What a model learns without gradients, such as the statistics of batch norm."""
    saved = network.state_dict(keep_vars=True)
    return [buffer for name, buffer in network.named_buffers() if name in saved]


def _agree(tensors: Iterable[Tensor], device: torch.device | None = None) -> None:
    """Gives all processes the first one's values, as ddp does."""
    with torch.no_grad():
        for tensor in tensors:
            there = tensor.detach().to(device or tensor.device)
            distributed.broadcast(there, 0)
            if there.device != tensor.device:
                tensor.copy_(there)
