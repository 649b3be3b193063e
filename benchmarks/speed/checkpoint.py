"""load-checkpoint beside `cp`, and what it has sent from S3."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.speed import checkpoints, server
from benchmarks.speed.rows import Bar, Row, compared, interleaved
from components import storage
from components.artifacts import BACKBONE
from tests.fault_proxy.proxy import FaultProxy

MIB = 2**20


def rows(quick: bool) -> Iterator[Row]:
    """Yields each comparison as it is done."""
    with tempfile.TemporaryDirectory(prefix="biotune-bench-") as scratch:
        folder = Path(scratch)
        yield from _from_disk(folder, *((40, 3) if quick else (160, 7)))
        yield _from_s3(folder, 40)


def _from_disk(folder: Path, tensors: int, rounds: int) -> Iterator[Row]:
    file, output, copy = folder / "last.ckpt", folder / "backbone", folder / "copy"
    checkpoints.make(file, tensors)
    memory = []

    def ours() -> float:
        shutil.rmtree(output, ignore_errors=True)
        os.sync()  # nobody pays for what another has written
        told = checkpoints.load(str(file), output, tensors)
        memory.append(told["extra"])
        return told["seconds"]

    def reference() -> float:
        copy.unlink(missing_ok=True)
        os.sync()
        began = time.perf_counter()
        subprocess.run(["cp", output / BACKBONE, copy], check=True)
        return time.perf_counter() - began

    pairs = interleaved(ours, reference, rounds)
    kept, size = copy.stat().st_size, file.stat().st_size
    what = f"load-checkpoint of {size / 1e9:.1f} GB on disk, of which {kept / 1e9:.2f} GB are kept"
    yield compared(
        f"{what}, against `cp` of those",
        Bar(1.3),
        pairs,
        shown=lambda seconds: f"{seconds:.2f} s",
        note="The process's own start is not in it. Both read from the page cache, and write to "
        "it; ours holds each tensor against its checksum and looks for NaN.",
    )
    yield compared(
        f"{what}: extra anonymous memory at the peak",
        Bar(64, unit="MB"),
        [(extra, 0.0) for extra in memory[1:]],
        value=lambda ours, _: ours / 1e6,
        shown=lambda size: f"{size / 1e6:.1f} MB" if size else "none",
    )
    file.unlink()
    copy.unlink()


def _from_s3(folder: Path, tensors: int) -> Row:
    file, output = folder / "last.ckpt", folder / "from-s3"
    checkpoints.make(file, tensors)
    with server.bucket(folder) as bucket:
        uri = bucket.uri("last.ckpt")
        storage.put(file, uri)
        proxy = FaultProxy(bucket.endpoint)
        proxy.start()
        os.environ["AWS_ENDPOINT_URL"] = proxy.url
        checkpoints.load(uri, output, tensors)
        proxy.stop()
        os.environ["AWS_ENDPOINT_URL"] = bucket.endpoint
    kept = (output / BACKBONE).stat().st_size
    return compared(
        f"the same of {file.stat().st_size / MIB:,.0f} MiB in S3: bytes sent, of those kept",
        Bar(1.01),
        [(proxy.sent, kept)],
        shown=lambda size: f"{size / 1e6:,.1f} MB",
        note="Counted by a proxy between; a count, so one round is enough.",
    )
