"""Bringing a dataset here from S3, beside the clients that are made for it."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.speed import clients, server
from benchmarks.speed.rows import Bar, Row, compared
from components import storage
from components.staging import staged

MIB = 2**20
SPLITS = {"train": 0.8, "val": 0.1, "test": 0.1}


def rows(quick: bool) -> Iterator[Row]:
    """Yields each comparison as it is done."""
    with tempfile.TemporaryDirectory(prefix="biotune-bench-") as scratch:
        yield _staging(Path(scratch), *((200, 2) if quick else (1000, 5)))


def _staging(scratch: Path, megabytes: int, rounds: int) -> Row:
    with server.bucket(scratch) as bucket:
        for split, share in SPLITS.items():
            file = scratch / f"{split}.h5"
            with file.open("wb") as out:
                for _ in range(int(megabytes * share) // 4):
                    out.write(os.urandom(4 * 10**6))
            storage.put(file, bucket.uri("data/"))
            file.unlink()
        others, missing = clients.found(bucket, "data")
        ways = {"ours": lambda _: _stage(bucket.uri("data")), **others}
        seconds = _in_turns(ways, scratch / "into", rounds)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    fastest = min(others, key=medians.__getitem__)
    each = ", ".join(f"{name} {megabytes / medians[name]:.0f} MB/s" for name in others)
    return compared(
        f"staging of {megabytes / 1000:g} GB from S3, of the fastest client's throughput",
        Bar(0.9, at_least=True),
        list(zip(seconds["ours"], seconds[fastest], strict=True)),
        value=lambda ours, reference: reference / ours,
        shown=lambda taken: f"{megabytes / taken:.0f} MB/s",
        note=f"Fastest is {fastest}: {each}{'; not installed: ' if missing else ''}"
        f"{', '.join(missing)}. Client and server share the cores. Ours alone holds what came "
        "against the objects' digests.",
    )


def _stage(uri: str) -> None:
    with staged(uri, tuple(SPLITS)):
        pass


def _in_turns(
    ways: dict[str, Callable[[Path], None]], into: Path, rounds: int
) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        names = list(ways) if number % 2 else list(ways)[::-1]
        for name in names:
            shutil.rmtree(into, ignore_errors=True)
            os.sync()
            began = time.perf_counter()
            ways[name](into)
            seconds[name].append(time.perf_counter() - began)
    return {name: taken[1:] for name, taken in seconds.items()}
