"""Disk, shared memory, processors and memory, as a container's limits have them."""

import os
import shutil
import tempfile
from pathlib import Path

from pipeline.doctor.findings import FAIL, OK, SKIP, WARN, Check

_GIB = 2**30
_CGROUP = Path("/sys/fs/cgroup")
_SHARED = "/dev/shm"
_LITTLE_DISK, _NO_DISK = 5 * _GIB, _GIB // 2
_LITTLE_SHARED = _GIB
_LITTLE_MEMORY = 4 * _GIB


def disk() -> list[Check]:
    """Free space here, where results go, and where downloads go if that is another disk."""
    places = {"results": Path.cwd(), "downloads": Path(tempfile.gettempdir())}
    if places["results"].stat().st_dev == places["downloads"].stat().st_dev:
        places = {"results and downloads": places["results"]}
    return [_free(name, place) for name, place in places.items()]


def _free(name: str, place: Path) -> Check:
    free = shutil.disk_usage(place).free
    state = FAIL if free < _NO_DISK else WARN if free < _LITTLE_DISK else OK
    fix = "" if state == OK else "free some space; TMPDIR sets where downloads go"
    return Check(f"disk for {name}", state, f"{free / _GIB:,.1f} GiB free in {place}", fix)


def shared_memory() -> Check:
    """/dev/shm, through which data loading workers hand over batches."""
    if not Path(_SHARED).is_dir():
        return Check("shared memory", SKIP, f"this system has no {_SHARED}")
    total = shutil.disk_usage(_SHARED).total
    detail = f"{total / _GIB:,.2f} GiB in {_SHARED}"
    if total < _LITTLE_SHARED:
        fix = "docker run --shm-size=2g, a memory-backed volume, or data.num_workers=0"
        return Check("shared memory", WARN, f"{detail}: data loading workers may be killed", fix)
    return Check("shared memory", OK, detail)


def processors() -> Check:
    """How many processors may be used."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota, _, period = _cgroup("cpu.max").partition(" ")
    limit = f", limited to {int(quota) / int(period):g}" if quota.isdecimal() else ""
    return Check("processors", OK, f"{count or 'unknown'}{limit}")


def memory() -> Check:
    """How much memory there is, or may be used."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _cgroup("memory.max")
    may = min(total, int(limit)) if limit.isdecimal() else total
    within = " (limit of this container)" if may < total else ""
    state = OK if may >= _LITTLE_MEMORY else WARN
    fix = "" if state == OK else "give it 4 GiB, or lower data.batch_size and data.num_workers"
    return Check("memory", state, f"{may / _GIB:,.1f} GiB{within}", fix)


def _cgroup(name: str) -> str:
    """A limit of this container; "" where there is none."""
    file = _CGROUP / name
    return file.read_text().strip() if file.is_file() else ""
