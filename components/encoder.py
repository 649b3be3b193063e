"""The model: built by Hydra, filled from a file, and restored with its normalisation."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from components import tuned_config, weightless
from components.artifacts import CONFIG, MODEL
from components.config import MODEL_FACTS
from components.failures import InputError, first_line
from components.instantiation import make
from components.normalization import normalization


class Network(nn.Module):
    """Normalisation, then encoder and head: raw windows in, logits out.

    Args:
        adapter: maps normalised windows to the further arguments that the encoder wants, such as
            electrode positions; None if it wants none. It has no weights, and is made without
            torch, so that preflight can make it too.
    """

    def __init__(
        self,
        normalization: nn.Module,
        encoder: nn.Module,
        adapter: Callable[[Tensor], dict[str, Tensor]] | None = None,
    ) -> None:
        super().__init__()
        self.normalization, self.encoder, self.adapter = normalization, encoder, adapter

    def forward(self, x: Tensor) -> Tensor:
        """Maps windows (B, C, T) in the unit of the data to logits (B, num_logits)."""
        x = self.normalization(x)
        return self.encoder(x, **self.adapter(x)) if self.adapter else self.encoder(x)


@dataclass(frozen=True)
class Restored:
    """A tuned model as its folder describes it."""

    network: Network
    config: dict[str, Any]


def network(config: Mapping[str, Any]) -> Network:
    """The configured network with fresh weights.

    Args:
        config: with `model`, `input_normalization` and `channels`, the names of the data's
            channels in their order.
    """
    node = config["model"].get("adapter")
    names = tuple(config.get("channels") or ())
    adapter = make(node, "model.adapter", channel_names=names) if node else None
    return Network(normalization(config["input_normalization"]), build(config["model"]), adapter)


def build(model: Mapping[str, Any], device: str = "cpu") -> nn.Module:
    """Instantiates the configured encoder.

    Raises:
        InputError: the class cannot be imported or does not take its arguments.
    """
    arguments = {key: value for key, value in model.items() if key not in MODEL_FACTS}
    with torch.device(device):
        module = make(arguments, "model")
    if not isinstance(module, nn.Module):
        raise InputError(f"model._target_={model['_target_']}: is no torch.nn.Module")
    return module


def fill(module: nn.Module, file: Path, missing: frozenset[str] = frozenset()) -> None:
    """Copies a file's tensors into a module, every one of them.

    Args:
        missing: the names that the file may lack, because they are initialised afresh.

    Raises:
        InputError: the file cannot be read, or its tensors are not the module's.
    """
    try:
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{file}: not readable as safetensors ({error})") from None
    own = module.state_dict()
    lacking = own.keys() - tensors.keys() - missing
    misfits = [
        *(f"{name}: in the file, not in the model" for name in sorted(tensors.keys() - own.keys())),
        *(f"{name}: in the model, not in the file" for name in sorted(lacking)),
        *(
            f"{name}: {tuple(tensor.shape)} in the file, {tuple(own[name].shape)} in the model"
            for name, tensor in tensors.items()
            if name in own and tensor.shape != own[name].shape
        ),
    ]
    if misfits:
        raise InputError(
            f"{file}: does not fit the configured model in {len(misfits)} tensors "
            f"({'; '.join(misfits[:3])}); was it made with another model=?"
        )
    module.load_state_dict({**own, **tensors})


def restore(folder: Path, *, allow: Collection[str] = ()) -> Restored:
    """Rebuilds a tuned model from its folder alone, in eval mode.

    The folder may come from anywhere: nothing is called that it names, except the shipped classes
    and those that the user allows.

    Args:
        allow: import paths of classes that are not shipped, such as `my_package.MyModel`; those
            in the environment's `BIOTUNE_ALLOW_TARGETS` come on top.

    Raises:
        InputError: the folder is not that of a tuned model, its class is not installed or not
            allowed, or its weights are not the model's.
    """
    folder = Path(folder)
    if not (folder / CONFIG).is_file() or not (folder / MODEL).is_file():
        raise InputError(f"{folder}: no tuned model; it needs {CONFIG} and {MODEL}")
    config = tuned_config.read(folder, allow)
    if not tuned_config.targets(config["model"]):
        weightless.require_fit(partial(build, config["model"], "meta"), folder / MODEL)
    try:
        restored = network(config)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {first_line(error)[:200]}"
        raise InputError(
            f"{folder / CONFIG}: is not that of a tuned model ({reason}); was it changed?"
        ) from None
    fill(restored.encoder, folder / MODEL)
    return Restored(restored.eval(), config)
