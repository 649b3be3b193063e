"""A large checkpoint to measure with, and a process that loads it and tells what that took.

python -m benchmarks.speed.checkpoints make FILE TENSORS
python -m benchmarks.speed.checkpoints load URI FOLDER TENSORS
"""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

SIDE = 1024  # a tensor is SIDE x SIDE float32: 4 MiB


def make(file: Path, tensors: int) -> None:
    """Writes a Lightning checkpoint as a training with Adam leaves it: thrice the weights."""
    _child("make", str(file), tensors)


def load(uri: str, folder: Path, tensors: int) -> dict[str, float]:
    """Loads it in a process of its own.

    Returns:
        `seconds`, and `extra`: bytes of anonymous memory at the peak beyond those at the start.
    """
    return json.loads(_child("load", uri, str(folder), tensors))


def settings(tensors: int) -> dict[str, Any]:
    """The load-checkpoint slice of the configuration for such a checkpoint."""
    entries = [
        {"name": name, "shape": [SIDE, SIDE], "dtype": "F32", "part": "stem"}
        for name in _names(tensors)
    ]
    return {
        "head": False,
        "checkpoint": {"min_coverage": 1.0, "ignore": []},
        "manifest": {"entries": entries, "decoder": [], "head_patterns": []},
    }


def _child(*words: Any) -> str:
    command = [sys.executable, "-m", __name__, *map(str, words)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _make(file: str, tensors: str) -> None:
    import torch

    def drawn() -> dict[str, torch.Tensor]:
        return {name: torch.randn(SIDE, SIDE) for name in _names(int(tensors))}

    weights, first, second = drawn(), drawn(), drawn()
    moments = {
        number: {"step": torch.tensor(1.0), "exp_avg": first[name], "exp_avg_sq": second[name]}
        for number, name in enumerate(weights)
    }
    content = {
        "epoch": 3,
        "pytorch-lightning_version": "2.6.6",
        "state_dict": {f"model.{name}": value for name, value in weights.items()},
        "optimizer_states": [{"state": moments, "param_groups": []}],
    }
    torch.save(content, file)


def _load(uri: str, folder: str, tensors: str) -> None:
    from components.load_checkpoint.step import run

    config = settings(int(tensors))
    before, peak, done = _anonymous(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            peak[0] = max(peak[0], _anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    run(uri, Path(folder), config)
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    print(json.dumps({"seconds": seconds, "extra": max(0, peak[0] - before)}))


def _names(tensors: int) -> list[str]:
    return [f"blocks.{number}.weight" for number in range(tensors)]


def _anonymous() -> int:
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    {"make": _make, "load": _load}[sys.argv[1]](*sys.argv[2:])
