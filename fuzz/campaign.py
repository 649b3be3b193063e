"""Counts what came of the inputs, keeps those that broke a promise, and tells it."""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path


class Campaign:
    """The tally of a run.

    Args:
        keep: folder for inputs that broke a promise; made when there is one.
    """

    def __init__(self, keep: Path) -> None:
        self.keep, self.outcomes, self.broken = keep, Counter(), []
        self._start = self._told = time.monotonic()

    def note(self, outcome: str) -> None:
        """Counts an outcome; now and then tells how far it is."""
        self.outcomes[outcome] += 1
        if time.monotonic() - self._told > 60:
            self._told = time.monotonic()
            print(f"{self.total:,} inputs, {len(self.broken)} broke a promise", flush=True)

    def failed(self, why: str, name: str, data: bytes) -> None:
        """Counts a broken promise and keeps its input."""
        self.note(f"BROKEN {why.split(':')[0]}")
        self.broken.append(why)
        if len(self.broken) <= 100:
            self.save(name, data)
            print(f"{self.keep / name}: {why}", file=sys.stderr, flush=True)

    def save(self, name: str, data: bytes) -> None:
        """Keeps an input."""
        self.keep.mkdir(parents=True, exist_ok=True)
        (self.keep / name).write_bytes(data)

    @property
    def total(self) -> int:
        """How many inputs were read."""
        return sum(self.outcomes.values())

    def finish(self) -> int:
        """Prints the tally; the exit code is 1 if a promise was broken."""
        took = time.monotonic() - self._start
        print(f"{self.total:,} inputs in {took:.0f} s, {self.total / max(took, 1e-9):.0f} a second")
        for outcome, count in self.outcomes.most_common():
            print(f"{count:>9,}  {outcome}")
        print(f"{len(self.broken)} broke a promise")
        return 1 if self.broken else 0


def joined(parts: list[Campaign]) -> Campaign:
    """The tally of several processes."""
    first = parts[0]
    for part in parts[1:]:
        first.outcomes += part.outcomes
        first.broken += part.broken
    return first


def main(run: Callable[..., Campaign], description: str, keep: str) -> int:
    """Runs from the command line; the exit code."""
    args = arguments(description, keep)
    parts = [(args.inputs, args.seed, args.keep, i, args.jobs) for i in range(args.jobs)]
    if args.jobs == 1:
        return run(*parts[0]).finish()
    with multiprocessing.get_context("spawn").Pool(args.jobs) as pool:
        return joined(pool.starmap(run, parts)).finish()


def arguments(description: str, keep: str) -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--inputs", type=int, default=200_000, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs (%(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (%(default)s)")
    parser.add_argument("--keep", type=Path, default=Path(keep), help="for failures (%(default)s)")
    return parser.parse_args()
