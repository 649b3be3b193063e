"""What makes a training quicker or smaller without changing what is learned, by option.

None of it changes a tensor's name: a compiled or checkpointed module saves what it always did.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from components.allocator import keep_buffers
from components.failures import Failure, InputError, first_line
from components.layout import block_index

_COMPILERS = ("g++", "clang++", "c++")


def prepare_process(config: Mapping[str, Any]) -> None:
    """Sets what holds for the whole process: the memory allocator, and products on GPUs."""
    keep_buffers()
    if torch.cuda.is_available() and config["trainer"]["accelerator"] != "cpu":
        torch.set_float32_matmul_precision(config.get("matmul_precision", "high"))


def prepare(encoder: nn.Module, network: nn.Module, parts: Mapping[str, str], config: Any) -> None:
    """Turns on `gradient_checkpointing` and `compile` where they are asked for.

    Args:
        encoder: whose blocks the layout names.
        network: normalisation and encoder, what is compiled.
        parts: part of each tensor of the encoder.

    Raises:
        InputError: nothing here can compile, or there is no block to run again.
    """
    if config.get("gradient_checkpointing"):
        if not (found := blocks(encoder, parts)):
            raise InputError(
                "gradient_checkpointing=true: would change nothing, for no block of model.layout "
                "is a module of several layers; set it to false"
            )
        for module in found:
            _recompute(module)
    if config.get("compile"):
        if not any(map(shutil.which, [os.environ.get("CXX", ""), *_COMPILERS])):
            raise InputError(
                "compile=true: there is no C++ compiler here; install g++ (or name one in the "
                "environment's CXX), or set compile=false"
            )
        network.compile()


@contextmanager
def told(config: Mapping[str, Any]) -> Iterator[None]:
    """Turns what the compiler refuses in the block into a line."""
    if not config.get("compile"):  # torch._dynamo takes a second to import
        yield
        return
    from torch._dynamo.exc import TorchDynamoException

    try:
        yield
    except TorchDynamoException as error:
        raise Failure(
            f"compile=true: the model can't be compiled here ({first_line(error)}); "
            "set compile=false"
        ) from error


def blocks(encoder: nn.Module, parts: Mapping[str, str]) -> list[nn.Module]:
    """The modules that the layout's blocks are made of: all that each saves is of one block.

    A single layer, such as a norm beside the blocks, keeps little and is left out.
    """
    found: dict[str, nn.Module] = {}
    for name, module in encoder.named_modules():
        held = {part for tensor, part in parts.items() if tensor.startswith(f"{name}.")}
        inner = any(name.startswith(f"{outer}.") for outer in found)
        of_one = len(held) == 1 and block_index(next(iter(held))) is not None
        single = not any(module.children())
        if of_one and not (inner or single or isinstance(module, (nn.ModuleList, nn.ModuleDict))):
            found[name] = module
    return list(found.values())


def _recompute(module: nn.Module) -> None:
    """Lets a module keep its input alone for the backward pass, and run again there."""
    inner = module.forward

    def forward(*arguments: Any, **options: Any) -> Tensor:
        if not (module.training and torch.is_grad_enabled()):
            return inner(*arguments, **options)
        return checkpoint(inner, *arguments, use_reentrant=False, **options)

    module.forward = forward
