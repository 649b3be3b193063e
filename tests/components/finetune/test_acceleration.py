"""Options that make a training quicker or smaller leave what is learned as it is."""

import shutil

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from components import encoder
from components.config import compose
from components.failures import Failure, InputError
from components.finetune import acceleration
from components.layout import Layout

TASK = ("classification_type=mcc", "num_classes=3", "input_normalization.normalize=zscore")
SMALL = {
    "waveform_transformer": ("model.num_channels=4", "model.num_samples=100"),
    "luna_base": ("model.embed_dim=16", "model.depth=2", "model.num_queries=2"),
    "femba_base": ("model.embed_dim=8", "model.num_blocks=2", "model.seq_length=160"),
    "tinymyo": ("model.embed_dim=24", "model.n_layer=2", "model.img_size=100"),
}
WINDOWS = {"waveform_transformer": (4, 100), "luna_base": (6, 160), "tinymyo": (16, 100)}


def made(model):
    """A small network of a shipped model, and the parts of its tensors."""
    config = OmegaConf.to_container(compose([*TASK, f"model={model}", *SMALL[model]]), resolve=True)
    torch.manual_seed(0)
    names = ("FP1", "FP2", "F3", "F4", "C3", "C4")
    network = encoder.network(config | {"channels": names[: WINDOWS.get(model, (0,))[0]]})
    layout = Layout.from_config(config["model"]["layout"])
    return network.train(), layout.assign(network.encoder.state_dict())


def step(model, **options):
    """Loss and gradients of one step, and how many blocks there are."""
    network, parts = made(model)
    names = list(network.state_dict())
    acceleration.prepare(network.encoder, network, parts, options)
    assert list(network.state_dict()) == names
    torch.manual_seed(1)
    windows = torch.randn(2, *WINDOWS.get(model, (22, 160)))
    loss = network(windows).square().sum()
    loss.backward()
    gradients = {n: p.grad for n, p in network.named_parameters() if p.grad is not None}
    return loss.detach(), gradients, len({p for p in parts.values() if p.startswith("block")})


@pytest.mark.parametrize("model", SMALL)
def test_recomputed_blocks_give_the_same_gradients(model, monkeypatch):
    calls = []
    inner = acceleration.checkpoint
    monkeypatch.setattr(
        acceleration, "checkpoint", lambda *a, **k: calls.append(1) or inner(*a, **k)
    )
    loss, gradients, blocks = step(model)
    assert not calls
    again, recomputed, _ = step(model, gradient_checkpointing=True)
    assert len(calls) == blocks > 0
    assert torch.equal(loss, again)
    assert gradients.keys() == recomputed.keys()
    assert all(torch.equal(gradients[name], recomputed[name]) for name in gradients)


def test_nothing_is_recomputed_where_nothing_is_learned(monkeypatch):
    monkeypatch.setattr(acceleration, "checkpoint", None)
    network, parts = made("tinymyo")
    acceleration.prepare(network.encoder, network, parts, {"gradient_checkpointing": True})
    network.eval()(torch.randn(2, 16, 100))


def test_a_model_without_a_block_to_run_again_is_refused():
    plain = nn.Sequential(nn.Linear(2, 2), nn.GELU(), nn.Linear(2, 2))
    parts = {name: "block 0" if name < "1" else "head" for name in plain.state_dict()}
    with pytest.raises(InputError, match="gradient_checkpointing=true: would change nothing"):
        acceleration.prepare(plain, plain, parts, {"gradient_checkpointing": True})


def test_without_a_compiler_the_key_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="compile=true: there is no C\\+\\+ compiler here"):
        step("tinymyo", compile=True)


def test_what_the_compiler_refuses_is_one_line():
    from torch._dynamo.exc import Unsupported

    refused = pytest.raises(Failure, match=r"compile=true: .*set compile=false")
    with refused, acceleration.told({"compile": True}):
        raise Unsupported("a thing\nand a trace", case_name="")
