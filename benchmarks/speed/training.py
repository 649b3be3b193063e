"""Training beside a bare PyTorch loop: throughput, overhead, optimizer, memory."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch

from benchmarks.speed import tasks, turns
from benchmarks.speed.rows import Bar, Row, compared, interleaved, timed
from benchmarks.speed.tasks import DEMO, DEMO_DATA, LARGE, LUNA
from components import encoder
from components.finetune import optimization
from components.layout import Layout


def rows(quick: bool) -> Iterator[Row]:
    """Yields each comparison as it is done."""
    yield _throughput(4 if quick else 20)
    yield _overhead(2 if quick else 10)
    yield _optimizer(5 if quick else 15)
    yield _memory(1 if quick else 2)


def _throughput(steps: int) -> Row:
    pairs = turns.taken(LUNA, "trainer.max_epochs=1", windows=32 * (steps + turns.WARM_UP + 1))
    return compared(
        "training throughput, LUNA base, batch 32, as a share of a bare loop's",
        Bar(0.98, at_least=True),
        pairs,
        value=lambda ours, bare: bare / ours,
        shown=lambda seconds: f"{32 / seconds:.1f} windows/s",
        note="Step by step in turns, within an epoch; an epoch's end has a row of its own.",
    )


def _overhead(epochs: int) -> Row:
    pairs = turns.taken(DEMO, f"trainer.max_epochs={epochs}", data=DEMO_DATA)
    return compared(
        "overhead per training step, demo model",
        Bar(1.0, unit="ms"),
        pairs,
        value=lambda ours, bare: 1000 * (ours - bare),
        shown=lambda seconds: f"{1000 * seconds:.2f} ms",
        note="A round is a step; single ones are off by what else the machine did just then. Taken "
        "apart on one thread, Lightning's own loop costs 0.45 ms of it and twelve optimizer groups "
        "instead of one 0.4 ms; the rest is reading, the gradient's norm and our hooks.",
    )


def _optimizer(rounds: int) -> Row:
    config = tasks.settings(LARGE)
    networks = [encoder.network(config | {"channels": []}).encoder for _ in range(2)]
    for network in networks:
        for parameter in network.parameters():
            parameter.grad = torch.randn_like(parameter) if parameter.requires_grad else None
    ours = _layered(networks[0], config)
    trained = [p for p in networks[1].parameters() if p.requires_grad]
    bare = torch.optim.AdamW(trained, lr=1e-4, fused=True)
    return compared(
        "AdamW step with LR decay against one fused group, LUNA large",
        Bar(1.10),
        interleaved(timed(ours), timed(bare.step), rounds),
        shown=lambda seconds: f"{1000 * seconds:.1f} ms",
    )


def _layered(network: torch.nn.Module, config: dict[str, Any]) -> Callable[[], None]:
    """A step of optimizer and scheduler, as the finetuner makes them."""
    parts = Layout.from_config(config["model"]["layout"]).assign(network.state_dict())
    chosen = {key: config["optimizer"][key] for key in ("weight_decay", "decay_all")}
    decay = {"layer_decay": config["layerwise_lr_decay"], "stem": config["layerwise_lr_stem"]}
    table = optimization.rates(network, parts, **chosen, **decay)
    optimizer = optimization.optimizer(network, table, config["optimizer"], fused=True)
    scheduler = optimization.scheduler(optimizer, config["scheduler"], steps=1000, per_epoch=100)

    def step() -> None:
        optimizer.step()
        scheduler["scheduler"].step_update(1)

    return step


def _memory(rounds: int) -> Row:
    def peak(which: str) -> float:
        command = [sys.executable, "-m", "benchmarks.speed.peak", which]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return float(done.stdout.split()[-1])

    pairs = [(peak("ours"), peak("bare")) for _ in range(rounds)]
    return compared(
        "peak memory of training against the bare loop, LUNA base, batch 32",
        Bar(1.10),
        pairs,
        shown=lambda mebibytes: f"{mebibytes:.0f} MiB",
        note="The most that a process of its own ever held; torch, Lightning and timm are imported "
        "in both; Lightning alone maps about 270 MiB.",
    )
