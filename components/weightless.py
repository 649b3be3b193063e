"""Builds a model without weights first, so that no file can ask for more memory than it fills."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path

from torch import Tensor, nn
from torch.nn.modules import module as hooks

from components.checkpoint import open_checkpoint
from components.failures import InputError

_TIMES, _AND = 4, 10_000_000  # elements, of those in the file
_MODULES, _AND_MODULES = 100, 1000  # of the number of its tensors


def require_fit(build: Callable[[], nn.Module], file: Path) -> None:
    """Refuses a configuration whose model is far larger than the weights beside it.

    Args:
        build: makes the model on the meta device.
        file: the weights.

    Raises:
        InputError: it is, or the file is not readable.
    """
    with open_checkpoint(str(file)) as opened:
        sizes = [prod(tensor.shape) for tensor in opened.tensors.values()]
    with _counting(_TIMES * sum(sizes) + _AND, _MODULES * len(sizes) + _AND_MODULES, file):
        build()


@contextmanager
def _counting(elements: int, modules: int, file: Path) -> Iterator[None]:
    left = {"elements": elements, "modules": modules}

    def count(_: nn.Module, __: str, added: Tensor | nn.Module | None) -> None:
        if isinstance(added, Tensor):
            left["elements"] -= added.numel()
        left["modules"] -= 1
        if min(left.values()) < 0:
            raise InputError(
                f"{file}: holds far less than the model that the configuration beside it "
                "describes; was one of them changed?"
            )

    registered = [
        hooks.register_module_parameter_registration_hook(count),
        hooks.register_module_buffer_registration_hook(count),
        hooks.register_module_module_registration_hook(count),
    ]
    try:
        yield
    finally:
        for handle in registered:
            handle.remove()
