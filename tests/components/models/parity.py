"""What the tests of the published models share: their packs, and what is held against them."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from components import config as configuration
from components.artifacts import BACKBONE
from components.describe import step as describe
from components.failures import Findings
from components.finetune import freezing, optimization
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

    def load(self, output: Path, manifest: dict[str, Any], source: Any = None, head: bool = False):
        """Runs load-checkpoint on pretrained.ckpt or `source`: the report, and what it leaves."""
        settings = {"min_coverage": 1.0, "ignore": []}
        config = {"head": head, "checkpoint": settings, "manifest": manifest}
        loaded = load_checkpoint.run(str(source or self.folder / "pretrained.ckpt"), output, config)
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


def check_head(pack: Pack, folder: Path, model: str, arguments: dict[str, Any]) -> None:
    """A tuned file's head is kept if it fits, refused if not, and left out by default."""
    file = folder / "bare.safetensors"
    save_file(pack.weights(), file)  # without the prefix, as some files on the hub are
    fitting = manifest_of(model, arguments)
    other = manifest_of(model, arguments | {"num_classes": 7})
    report, tensors = pack.load(folder / "kept", fitting, file, head=True)
    assert report["wrappers"] == {}
    assert tensors.keys() == pack.weights().keys()
    with pytest.raises(Findings, match=r"head=true: .* set head=false"):
        pack.load(folder / "refused", other, file, head=True)
    prefixed, backbone = pack.load(folder / "left", other, pack.folder / "weights.safetensors")
    assert prefixed["wrappers"] == {"model.": len(tensors)}
    assert backbone.keys() == {
        entry["name"] for entry in fitting["entries"] if entry["part"] != "head"
    }


def check_freezing(module: nn.Module, model: str) -> None:
    """A frozen backbone neither learns nor drops anything; its head does both."""
    of = parts(model, module.state_dict())
    freezing.freeze(module, of)
    heads = {name for name, part in of.items() if part == "head"}
    assert {name for name, p in module.named_parameters() if p.requires_grad} == heads
    layout = OmegaConf.to_container(configuration.draft([f"model={model}"]).model.layout)
    freezing.rest(module.train(), of, [layout["head"]])
    assert {name.split(".")[0] for name, m in module.named_modules() if m.training} <= {
        name.split(".")[0] for name in heads
    }
    assert any(m.training for m in module.modules())
