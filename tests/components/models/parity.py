"""What the tests of the published models share: their packs, and what is held against them."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file
from torch import Tensor, nn

from components import config as configuration
from components.artifacts import BACKBONE
from components.describe import step as describe
from components.finetune import optimization
from components.layout import Layout
from components.load_checkpoint import step as load_checkpoint

PACKS = Path(__file__).parents[2] / "data" / "packs"


class Pack:
    """One folder of packs."""

    def __init__(self, name: str) -> None:
        self.folder = PACKS / name
        self.inputs, self.expected = self.tensors("inputs"), self.tensors("expected")

    def arguments(self, form: str = "finetune_model") -> dict[str, Any]:
        return json.loads((self.folder / "config.json").read_text())[form]

    def tensors(self, file: str) -> dict[str, Tensor]:
        return load_file(self.folder / f"{file}.safetensors")

    def weights(self, file: str = "weights") -> dict[str, Tensor]:
        return {n.removeprefix("model."): t for n, t in self.tensors(file).items()}

    def pretrained(self) -> dict[str, Tensor]:
        """The state dict of the Lightning checkpoint, decoder included; the pack is our own."""
        loaded = torch.load(self.folder / "pretrained.ckpt", weights_only=False)
        return {n.removeprefix("model."): t for n, t in loaded["state_dict"].items()}

    def load(self, output: Path, manifest: dict[str, Any], **changes: Any):
        """Runs load-checkpoint on pretrained.ckpt: its report, and the tensors it leaves."""
        settings = {"min_coverage": 1.0, "ignore": []} | changes
        config = {"head": False, "checkpoint": settings, "manifest": manifest}
        loaded = load_checkpoint.run(str(self.folder / "pretrained.ckpt"), output, config)
        return loaded.report, load_file(loaded.output / BACKBONE)


def manifest_of(model: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a shipped model with other constructor arguments."""
    sizes = {k: v for k, v in arguments.items() if k != "num_classes"}
    told = [f"++model.{k}={v}" for k, v in sizes.items()]
    classes = arguments["num_classes"]
    return configuration.sized(describe.run([f"model={model}", *told]), classes)


@contextmanager
def watching(module: nn.Module, take: Callable[[tuple, Any], Any] = lambda given, made: made):
    """Collects what a module gives, or what `take(inputs, output)` makes of it."""
    seen: list[Any] = []
    handle = module.register_forward_hook(lambda _, given, made: seen.append(take(given, made)))
    yield seen
    handle.remove()


def difference(made: Tensor, expected: Tensor) -> float:
    """The largest absolute difference of two tensors of one shape."""
    assert made.shape == expected.shape
    return float((made - expected).detach().abs().max())


def parts(model: str, names: Any) -> dict[str, str]:
    """The part that a shipped model's layout gives each name."""
    node = OmegaConf.to_container(configuration.draft([f"model={model}"]).model.layout)
    return Layout.from_config(node).assign(names)


def as_pack_says(part: str) -> str | int:
    """One of our parts as layers.json writes it."""
    if part.startswith("block "):
        return int(part.removeprefix("block "))
    return "final_norm" if part == "norm" else part


def scales(module: nn.Module, of: dict[str, str], decay: float) -> dict[str, float]:
    """The factor on each parameter's learning rate, as the published runs left the stem."""
    table = optimization.rates(
        module, of, weight_decay=0.1, layer_decay=decay, stem="base", decay_all=False
    )
    return {name: rate.scale for name, rate in table.items()}
