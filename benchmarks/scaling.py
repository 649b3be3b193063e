"""How much two processes bring on this machine, as a ratio to the ideal.

    python benchmarks/scaling.py --rounds 5 --batch 64 [OVERRIDE ...]

Four kinds of training take turns, each process with one thread:

    one     alone on the machine, the whole batch
    strong  two processes share that batch; the ideal is half the time a step
    weak    two processes with such a batch each; the ideal is the same time a step
    apart   two that know nothing of each other; the ideal is the same time a step

What `apart` misses of the ideal, the machine does not give: its memory, its caches, its clock,
whoever else is busy on it. What `weak` misses more than that is the price of the exchange.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

HOME = Path(__file__).parents[1]
DEMO = HOME / "pipeline" / "demo"
WARM = 5  # steps of an epoch that are not counted
PACE = "benchmarks.pace.Pace"
KINDS = ("one", "strong", "weak", "apart")


def main(argv: Sequence[str] | None = None) -> int:
    """Takes turns and prints a table."""
    args = _arguments(argv)
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with TemporaryDirectory(prefix="biotune-scaling-") as scratch:
        for number in range(args.rounds):
            for kind in KINDS:
                folder = Path(scratch) / f"{number}-{kind}"
                taken[kind].append(_seconds(kind, args, folder))
                print(f"round {number + 1}, {kind}: {taken[kind][-1]:.4f} s a step", flush=True)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, batch {args.batch}")
    ideals = {"strong": 0.5, "weak": 1.0, "apart": 1.0}
    for kind, ideal in ideals.items():
        ratios = [ideal * a / b for a, b in zip(taken["one"], taken[kind], strict=True)]
        # What others do on the machine makes rounds longer, never shorter.
        quickest = ideal * min(taken["one"]) / min(taken[kind])
        print(
            f"{kind:<7} {statistics.median(ratios):.2f} of the ideal "
            f"({min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)} rounds); "
            f"{quickest:.2f} by the quickest round of each"
        )
    prices = [a / w for a, w in zip(taken["apart"], taken["weak"], strict=True)]
    print(f"weak is {statistics.median(prices):.2f} of apart, what the machine gives two processes")
    if args.json:
        args.json.write_text(json.dumps(taken, indent=1))
    return 0


def _seconds(kind: str, args: argparse.Namespace, folder: Path) -> float:
    """Seconds a step, as the first process counts them; of two apart, the mean."""
    folder.mkdir()
    share = args.batch // 2 if kind == "strong" else args.batch
    devices = 2 if kind in ("strong", "weak") else 1
    started = []
    for number in range(2 if kind == "apart" else 1):
        file = folder / f"{number}.json"
        given = [
            *("-m", "components", "finetune", "--dataset", str(args.dataset)),
            *("--output", str(folder / f"model-{number}"), *args.overrides),
            *("trainer.accelerator=cpu", f"trainer.devices={devices}", f"data.batch_size={share}"),
            *("trainer.limit_val_batches=0", "callbacks.best=null", "resume.uri=none"),
            *(f"+callbacks.pace._target_={PACE}", f"+callbacks.pace.file={file}"),
            f"+callbacks.pace.warm={WARM}",
        ]
        started.append((_begun(given), file))
    for child, _ in started:
        told = child.communicate()[0]
        if child.returncode:
            raise SystemExit(told)
    return statistics.mean(json.loads(file.read_text()) for _, file in started)


def _begun(given: Sequence[str]) -> subprocess.Popen:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HOME)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([sys.executable, *given], env=environment, cwd=HOME, **pipes)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64, help="windows a step of one process")
    parser.add_argument("--dataset", type=Path, default=DEMO, help="default: the bundled demo")
    parser.add_argument("--json", type=Path, help="a file for the seconds of each round")
    parser.add_argument("overrides", nargs="*", metavar="OVERRIDE")
    args = parser.parse_intermixed_args(argv)
    args.overrides = args.overrides or ["experiment=demo", "trainer.max_epochs=6"]
    return args


if __name__ == "__main__":
    begun = time.time()
    code = main()
    print(f"took {time.time() - begun:.0f} s")
    sys.exit(code)
