"""Kills trainings at random moments, starts them again, and compares what comes out.

    python benchmarks/preemption.py --kills 50 --terms 20 trainer.max_epochs=4

Each training is a process of its own that runs the finetune command. It is forked from this one,
which has loaded torch, so that the moments fall into the training and not into its imports. Exit
code 1 if a single byte of the results differs from those of the training that nobody killed.
"""

import argparse
import hashlib
import json
import mmap
import os
import random
import signal
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

HOME = Path(__file__).parents[1]
DEMO = HOME / "pipeline" / "demo"
TWICE = 4  # each fourth training is killed twice
LIMIT = 20  # starts of one training
# Shared with a training: when its last start began to train (0.0: not yet).
TRAINING_SINCE = mmap.mmap(-1, 8)


@dataclass
class Training:
    """What became of one training.

    Attributes:
        moments: seconds after a start at which a signal was sent.
        resumed: the lines that tell from where it went on.
        repeated: seconds of training that each kill cost.
    """

    signal: str
    moments: list[float] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    repeated: list[float] = field(default_factory=list)
    same: bool = False


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the trainings and prints a table."""
    args = _arguments(argv)
    sys.path.insert(0, str(HOME))
    import lightning  # noqa: F401
    import torch  # noqa: F401

    from components.finetune import step  # noqa: F401

    chance = random.Random(args.seed)
    with TemporaryDirectory(prefix="biotune-preemption-", dir=args.scratch) as scratch:
        folder = Path(scratch)
        command = ["finetune", "--dataset", str(args.dataset), *args.overrides]
        if args.checkpoint:
            backbone = folder / "backbone"
            load = ["load-checkpoint", "--checkpoint", args.checkpoint, "--output", str(backbone)]
            assert _finished(_begin([*load, *args.overrides], folder / "load.log")) == 0
            command += ["--backbone", str(backbone)]
        whole, log = folder / "whole", folder / "whole.log"
        begun = time.time()
        if _finished(_begin([*command, "--output", str(whole)], log)):
            raise SystemExit(log.read_text())
        length = time.time() - begun
        print(f"a whole training takes {length:.1f} s", flush=True)
        signals = [signal.SIGKILL] * args.kills + [signal.SIGTERM] * args.terms
        chance.shuffle(signals)
        done = []
        for number, kind in enumerate(signals):
            times = 2 if number % TWICE == TWICE - 1 else 1
            for draw in range(LIMIT):  # until the signal finds the training alive
                moments = [chance.uniform(0, length) for _ in range(times)]
                at = folder / f"{number}-{draw}"
                run = _killed(command, at, kind, moments, args.every)
                run.same = _digests(at / "model") == _digests(whole)
                print(_line(number, run), flush=True)
                if run.repeated or not run.same:
                    break
            done.append(run)
    if args.json:
        args.json.write_text(json.dumps([asdict(run) for run in done], indent=1))
    lost = [seconds for run in done for seconds in run.repeated]
    print(f"{sum(run.same for run in done)} of {len(done)} trainings are bitwise the whole one's")
    if lost:
        mean = sum(lost) / len(lost)
        print(f"work repeated after a kill: {mean:.2f} s on average, {max(lost):.2f} s at most")
    return int(not all(run.same for run in done))


def _killed(
    command: list[str], folder: Path, kind: signal.Signals, moments: list[float], every: str
) -> Training:
    """Runs a training until it is done, and sends it a signal at each moment that it lives to."""
    folder.mkdir()
    run = Training(kind.name)
    states = [f"resume.uri={folder / 'states'}", f"resume.every={every}"]
    for number in range(LIMIT):
        log = folder / f"{number}.log"
        child = _begin([*command, "--output", str(folder / "model"), *states], log)
        code = _finished(child, moments[number] if number < len(moments) else None, kind)
        if number < len(moments):
            run.moments.append(round(moments[number], 2))
        run.codes.append(code)
        told = [line for line in log.read_text().splitlines() if line.startswith("resumed ")]
        run.resumed += told
        if code == 0:
            return run
        if code not in (-signal.SIGKILL, 128 + signal.SIGTERM, -signal.SIGTERM):
            raise SystemExit(f"start {number} ended with {code}:\n{log.read_text()}")
        stopped = "stopped by SIGTERM at" in log.read_text()  # and kept a state of this very point
        run.repeated.append(0.0 if stopped else _repeated(folder / "states"))
    raise SystemExit(f"{LIMIT} starts were not enough")


def _begin(command: list[str], log: Path) -> int:
    """Forks a process that runs a command of `python -m components`."""
    TRAINING_SINCE[:] = struct.pack("d", 0.0)
    if child := os.fork():
        return child
    code = 1
    try:
        _watch()
        with log.open("w") as stream:
            os.dup2(stream.fileno(), sys.stderr.fileno())
            os.dup2(stream.fileno(), sys.stdout.fileno())
        from components.__main__ import main as components

        code = components(command)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(code)


def _watch() -> None:
    """Tells the process that kills us when we begin to train."""
    from components.finetune.finetuner import FineTuner

    original = FineTuner.on_train_batch_start

    def begun(*args):
        if TRAINING_SINCE[:] == struct.pack("d", 0.0):
            TRAINING_SINCE[:] = struct.pack("d", time.time())
        return original(*args)

    FineTuner.on_train_batch_start = begun


def _finished(child: int, after: float | None = None, kind: int = 0) -> int:
    """The exit code of a process, below 0 for a signal; it gets one after some seconds."""
    begun = time.time()
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if after is not None and time.time() - begun >= after:
            os.kill(child, kind)
            after = None
        time.sleep(0.01)


def _repeated(states: Path) -> float:
    """Seconds of training since the newest state, of a training that has just been killed."""
    now = time.time()
    (since,) = struct.unpack("d", TRAINING_SINCE[:])
    for latest in states.glob("*/latest.json"):
        if kept := json.loads(latest.read_text())["states"]:
            since = since and max(since, datetime.fromisoformat(kept[0]["written"]).timestamp())
    return round(now - since, 3) if since else 0.0


def _digests(folder: Path) -> dict[str, str]:
    """All files of the results but TensorBoard's records, which hold times."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "tensorboard" not in file.parts
    }


def _line(number: int, run: Training) -> str:
    same = "same bytes" if run.same else "OTHER BYTES"
    moments = " and ".join(f"{moment:.1f} s" for moment in run.moments)
    lost = ", ".join(f"{seconds:.2f} s" for seconds in run.repeated)
    began = "; ".join(run.resumed) or "began anew" if run.repeated else "was done before"
    return f"{number:3} {run.signal} at {moments}: {began}; repeated {lost or 'nothing'}: {same}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="trainings that get SIGKILL")
    parser.add_argument("--terms", type=int, default=20, help="trainings that get SIGTERM")
    parser.add_argument("--every", default="1s", help="resume.every")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--dataset", type=Path, help="default: the bundled demo")
    parser.add_argument("--scratch", type=Path, help="where the trainings lie")
    parser.add_argument("--json", type=Path, help="a file for the results")
    parser.add_argument("overrides", nargs="*", metavar="OVERRIDE")
    args = parser.parse_intermixed_args(argv)
    args.checkpoint = None
    if args.dataset is None:
        args.dataset, args.checkpoint = DEMO, str(DEMO / "pretrained.ckpt")
        args.overrides = ["experiment=demo", *args.overrides]
    return args


if __name__ == "__main__":
    sys.exit(main())
