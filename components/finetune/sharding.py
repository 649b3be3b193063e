"""A model too large for each process to have whole: every process keeps its part of it.

Fully sharded data parallelism (Rajbhandari et al. 2020, arXiv:1910.02054; Zhao et al. 2023,
arXiv:2304.11277) by torch's `fully_shard`. Parameters, gradients and the optimizer's moments lie in
equal parts on all processes; a block of the model's layout is put together when it is its turn, and
taken apart again. What is learned is what `ddp` learns from the same global batches.

Whatever is written is whole, under the names that it always has: checkpoints and states are those
of any other strategy.
"""

import logging
from collections.abc import Mapping
from typing import Any

import lightning
import torch
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, distributed
from torch.distributed.tensor import DTensor, distribute_tensor

from components.finetune import division

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
        division.divide(tuner.network.encoder, tuner.parts, self.root_device)
        tuner.to(self.root_device)
        if names := division.learned_without_gradients(tuner.network):
            tuner.network.register_forward_pre_hook(
                lambda network, _: division.agree(network.get_buffer(name) for name in names)
            )

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
