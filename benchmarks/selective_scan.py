"""Time and memory of FEMBA's selective scan, beside a loop over the steps, at growing lengths.

python benchmarks/selective_scan.py                     on a CPU, one thread
python benchmarks/selective_scan.py --device cuda       and mamba_ssm's kernel, if it is installed
python benchmarks/selective_scan.py --channels 1540 --batch 8 --lengths 80

Each cell comes from a process of its own. Time is the best of several runs, memory the most that
the process held beyond the inputs. "training" is a forward and a backward pass.
"""

import argparse
import resource
import subprocess
import sys
import time

import torch
from torch import Tensor
from torch.nn import functional

from components.models.selective_scan import kernel, plain_scan, selective_scan

LENGTHS = [80, 320, 1280, 5120, 20480]
STATES = 16
SECONDS = 1.5  # of repetitions in a cell


def loop(x: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """The recurrence as it is written, one step after another."""
    h, rows = x.new_zeros(len(x), *A.shape), []
    steps = (tensor.unbind(1) for tensor in (x, delta, B, C))
    for now, step, into, out in zip(*steps, strict=True):
        h = torch.exp(step[..., None] * A) * h + (step * now)[..., None] * into[:, None]
        rows.append((h @ out[..., None]).squeeze(-1))
    return torch.stack(rows, dim=1) + D * x


SCANS = {"ours": plain_scan, "loop": loop, "kernel": selective_scan}


def main() -> None:
    options = parse()
    if options.cell:
        return cell(options)
    scans = ["ours", "loop"] + ["kernel"] * (options.device == "cuda" and kernel() is not None)
    print(f"{options.device}, {options.batch} x length x {options.channels}, {STATES} states")
    print(f"| length |{''.join(f' {s}, ms | {s} training, ms | µs a step | MiB |' for s in scans)}")
    print(f"|---|{'---|---|---|---|' * len(scans)}")
    for length in options.lengths:
        cells = [started(options, scan, length) for scan in scans]
        print(f"| {length} | {' | '.join(cells)} |", flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--channels", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cell", choices=SCANS, help=argparse.SUPPRESS)
    return parser.parse_args()


def started(options: argparse.Namespace, scan: str, length: int) -> str:
    """Measures a cell in a fresh process, so that its memory is its own."""
    told = {"device": options.device, "batch": options.batch, "channels": options.channels}
    told |= {"threads": options.threads, "lengths": length, "cell": scan}
    words = [word for key, value in told.items() for word in (f"--{key}", str(value))]
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True)
    return done.stdout.strip() if not done.returncode else "failed | | |"


def cell(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    scan, (length,) = SCANS[options.cell], options.lengths
    warm_up(scan, options)
    given = inputs(options, length)
    before = held(options.device)
    training = best(lambda: scan(*given).sum().backward(), options.device)
    memory = held(options.device) - before
    with torch.no_grad():
        forward = best(lambda: scan(*given), options.device)
    print(f"{forward:.1f} | {training:.1f} | {1000 * training / length:.1f} | {memory / 2**20:.0f}")


def inputs(options: argparse.Namespace, length: int) -> list[Tensor]:
    """Sizes as in a trained model: steps around 0.05, states that last for 1 to 1000 of them."""
    torch.manual_seed(0)
    x, delta = torch.randn(2, options.batch, length, options.channels).unbind(0)
    B, C = torch.randn(2, options.batch, length, STATES).unbind(0)
    A = -torch.arange(1.0, STATES + 1).repeat(options.channels, 1)
    tensors = (x, functional.softplus(delta - 3), A, B, C, torch.ones(options.channels))
    return [tensor.to(options.device).requires_grad_() for tensor in tensors]


def warm_up(scan, options: argparse.Namespace) -> None:
    small = argparse.Namespace(**vars(options) | {"batch": 1, "channels": 8})
    scan(*inputs(small, 20)).sum().backward()


def best(run, device: str) -> float:
    """Milliseconds of the fastest run; on a CPU those of this process, whoever else is busy."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    fastest, until = float("inf"), time.perf_counter() + SECONDS
    while fastest == float("inf") or time.perf_counter() < until:
        start = clock()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        fastest = min(fastest, clock() - start)
    return 1000 * fastest


def held(device: str) -> int:
    """The most bytes held so far."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
