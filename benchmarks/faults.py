"""Does it arrive? A checkpoint and a dataset through a proxy that spoils every fifth request.

    python benchmarks/faults.py --runs 100 --megabytes 500
    python benchmarks/faults.py --runs 13 --fault "truncated body"      that one alone

Starts SeaweedFS, and the proxy of the tests before it in a process of its own. A run loads the
checkpoint as load-checkpoint does, by ranges, fetches all of it and the three splits, and compares
everything with what was stored; runs with an error are told and counted. A stall lasts longer than
the client waits, which is one second here and 30 otherwise.
"""

import argparse
import hashlib
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.speed import checkpoints
from components import storage
from components.artifacts import BACKBONE
from components.failures import Failure
from components.load_checkpoint.step import run as load_checkpoint
from components.staging import staged
from components.storage import s3_client
from tests import s3_server
from tests.fault_proxy.faults import ON_THE_WAY_DOWN, Faults
from tests.fault_proxy.proxy import FaultProxy

SPLITS = {"train": 24, "val": 6, "test": 6}  # MiB


def main() -> None:
    """Runs it and prints a table."""
    given = _arguments()
    if given.serve:
        return _serve(given)
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as scratch, _server(Path(scratch)) as bucket:
        tensors = max(1, given.megabytes // 12)  # of 4 MiB, with Adam's two moments
        checkpoint = Path(scratch) / "checkpoint.ckpt"
        checkpoints.make(checkpoint, tensors)
        made = {f"data/{split}.h5": _noise(Path(scratch), size) for split, size in SPLITS.items()}
        made |= {"checkpoint.ckpt": checkpoint}
        digests = {key: _store(bucket, key, file) for key, file in made.items()}
        digests[BACKBONE] = _digest(_load(str(checkpoint), Path(scratch) / "loaded", tensors))
        seconds, wrong = [], Counter()
        with _proxy(bucket.endpoint, given) as faults:
            for run in range(given.runs):
                began = time.perf_counter()
                try:
                    with tempfile.TemporaryDirectory(dir=scratch) as into:
                        _fetch(bucket, digests, Path(into), tensors)
                except (Failure, AssertionError) as error:
                    wrong[str(error)] += 1
                seconds.append(time.perf_counter() - began)
                print(f"run {run + 1}: {seconds[-1]:.1f} s", file=sys.stderr, flush=True)
        _tell(given, seconds, wrong, faults)
    raise SystemExit(1 if wrong else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rate", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fault", choices=ON_THE_WAY_DOWN, help="one alone; all in turn otherwise")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    return parser.parse_args()


@contextmanager
def _server(scratch: Path) -> Iterator[s3_server.Bucket]:
    """The S3 server of the tests, with the environment set for it."""
    with pytest.MonkeyPatch.context() as patch:
        s3_server.aws_environment.__wrapped__(patch)
        factory = type("Factory", (), {"mktemp": lambda _, name: _made(scratch / name)})()
        started = s3_server.s3_server.__wrapped__(factory)
        yield next(started)
        started.close()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _noise(scratch: Path, megabytes: int) -> Path:
    file = scratch / f"{megabytes}-{time.monotonic_ns()}"
    with file.open("wb") as out:
        for _ in range(megabytes):
            out.write(os.urandom(2**20))
    return file


def _store(bucket: s3_server.Bucket, key: str, file: Path) -> str:
    os.environ["AWS_ENDPOINT_URL"] = bucket.endpoint
    storage.put(file, bucket.uri(key))
    return _digest(file)


def _load(uri: str, folder: Path, tensors: int) -> Path:
    load_checkpoint(uri, folder, checkpoints.settings(tensors))
    return folder / BACKBONE


def _fetch(bucket: s3_server.Bucket, digests: dict[str, str], into: Path, tensors: int) -> None:
    uri = bucket.uri("checkpoint.ckpt")
    found = {
        "checkpoint.ckpt": storage.fetch(uri, into),
        BACKBONE: _load(uri, into / "loaded", tensors),
    }
    with staged(bucket.uri("data"), tuple(SPLITS)) as files:
        found |= {f"data/{split}.h5": file for split, file in files.items()}
        for key, file in found.items():
            assert _digest(file) == digests[key], f"{key} is not what was stored"


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _proxy(upstream: str, given: argparse.Namespace) -> Iterator[Counter]:
    """The proxy in a process of its own; afterwards the counter holds what it did."""
    command = [sys.executable, __file__, "--serve", upstream]
    command += ["--rate", str(given.rate), "--seed", str(given.seed)]
    command += ["--fault", given.fault] if given.fault else []
    counts: Counter = Counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as proxy:
        os.environ["AWS_ENDPOINT_URL"] = proxy.stdout.readline().strip()
        s3_client.READ_TIMEOUT = 1
        yield counts
        told, _ = proxy.communicate("\n")
        counts.update({name: int(n) for n, _, name in (x.partition(" ") for x in told.split("\n"))
                       if name})  # fmt: skip


def _serve(given: argparse.Namespace) -> None:
    kinds = (given.fault,) if given.fault else ON_THE_WAY_DOWN
    proxy = FaultProxy(given.serve, Faults(kinds, rate=given.rate, seed=given.seed, stall=1.5))
    proxy.start()
    print(proxy.url, flush=True)
    sys.stdin.readline()
    proxy.stop()
    for name, count in (proxy.faults.requests + proxy.faults.done).items():
        print(count, name)


def _tell(given: argparse.Namespace, seconds: list[float], wrong: Counter, counts: Counter) -> None:
    asked = {name: counts.pop(name) for name in ("GET", "HEAD", "PUT", "POST") if name in counts}
    size = given.megabytes + sum(SPLITS.values())
    print(f"{given.runs} runs of {size} MiB, {given.rate:.0%} of the requests spoilt:", end=" ")
    print(f"{given.runs - wrong.total()} arrived whole")
    print(f"seconds of a run: median {statistics.median(seconds):.1f}, longest {max(seconds):.1f}")
    print("requests: " + ", ".join(f"{count} {name}" for name, count in asked.items()))
    print("\n| Fault | Times |\n|---|---|")
    for name, count in sorted(counts.items()):
        print(f"| {name} | {count} |")
    for message, times in wrong.items():
        print(f"{times} x {message}")


if __name__ == "__main__":
    main()
