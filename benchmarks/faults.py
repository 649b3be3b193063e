"""Does it arrive? A checkpoint and a dataset through a proxy that spoils every fifth request.

    python benchmarks/faults.py --runs 100 --megabytes 500
    python benchmarks/faults.py --runs 13 --fault "truncated body"      that one alone

Starts SeaweedFS, and the proxy of the tests before it in a process of its own. A run fetches the
checkpoint and the three splits and compares each with what was stored; runs with an error are told
and counted. A stall lasts longer than the client waits, which is one second here and 30 otherwise.
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

from components import storage
from components.failures import Failure
from components.staging import staged
from components.storage import s3_client
from tests import s3_server
from tests.fault_proxy.faults import ON_THE_WAY_DOWN, Faults
from tests.fault_proxy.proxy import FaultProxy

SPLITS = {"train": 24, "val": 6, "test": 6}  # MiB
BLOCK = 4 * 2**20


def main() -> None:
    """Runs it and prints a table."""
    given = _arguments()
    if given.serve:
        return _serve(given)
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as scratch, _server(Path(scratch)) as bucket:
        stored = {"checkpoint.ckpt": given.megabytes} | {
            f"data/{split}.h5": size for split, size in SPLITS.items()
        }
        digests = {key: _store(bucket, key, size, Path(scratch)) for key, size in stored.items()}
        seconds, wrong = [], Counter()
        with _proxy(bucket.endpoint, given) as faults:
            for run in range(given.runs):
                began = time.perf_counter()
                try:
                    with tempfile.TemporaryDirectory(dir=scratch) as into:
                        _fetch(bucket, digests, Path(into))
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


def _store(bucket: s3_server.Bucket, key: str, megabytes: int, scratch: Path) -> str:
    os.environ["AWS_ENDPOINT_URL"] = bucket.endpoint
    file, digest = scratch / "content", hashlib.sha256()
    with file.open("wb") as out:
        for _ in range(0, megabytes * 2**20, BLOCK):
            block = os.urandom(BLOCK)
            digest.update(block)
            out.write(block)
    storage.put(file, bucket.uri(key))
    file.unlink()
    return digest.hexdigest()


def _fetch(bucket: s3_server.Bucket, digests: dict[str, str], into: Path) -> None:
    found = {"checkpoint.ckpt": storage.fetch(bucket.uri("checkpoint.ckpt"), into)}
    with staged(bucket.uri("data"), tuple(SPLITS)) as files:
        found |= {f"data/{split}.h5": file for split, file in files.items()}
        for key, file in found.items():
            with file.open("rb") as stream:
                same = hashlib.file_digest(stream, "sha256").hexdigest() == digests[key]
            assert same, f"{key} is not what was stored"


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
