"""The most memory that a training ever held: `python -m benchmarks.speed.peak ours|bare`."""

import sys
import tempfile
from pathlib import Path

import torch

from benchmarks.speed import tasks
from benchmarks.speed.tasks import CLASSES, LUNA, WINDOW

STEPS = 4


def main() -> None:
    {"ours": ours, "bare": bare}[sys.argv[1]]()
    # getrusage would give what the process that started this one held, if that was more.
    lines = Path("/proc/self/status").read_text().splitlines()
    print(next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")))


def ours() -> None:
    """All that `finetune` does, with a validation."""
    from components.finetune.step import run

    config = tasks.settings(LUNA, "trainer.max_epochs=1")
    with tempfile.TemporaryDirectory(prefix="biotune-bench-") as scratch:
        folder = Path(scratch)
        config["resume"]["uri"] = str(folder / "states")
        data = tasks.dataset(folder / "data", STEPS * 32)
        run(str(data), folder / "model", config)


def bare() -> None:
    """The loop that one would write, with the malloc settings that one would choose.

    Lightning is imported as in ours: its libraries are no part of what a training takes.
    """
    import lightning  # noqa: F401

    from components import encoder
    from components.allocator import keep_buffers

    keep_buffers()
    network = encoder.network(tasks.settings(LUNA) | {"channels": []})
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, fused=True)
    inputs = torch.randn(STEPS, 32, *WINDOW)
    labels = torch.randint(CLASSES, (STEPS, 32))
    for batch, truth in zip(inputs, labels, strict=True):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(batch), truth).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()


if __name__ == "__main__":
    main()
