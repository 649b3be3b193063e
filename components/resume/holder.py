"""Who holds a place, and whether he is still alive as far as can be told from here."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from components.failures import POD, RUN


def myself() -> dict[str, Any]:
    """This process, for others to read."""
    return {
        "id": uuid4().hex,
        "run": os.environ.get(RUN, ""),
        "pod": os.environ.get(POD) or platform.node(),
        "machine": _machine(),
        "pid": os.getpid(),
        "started": _start(os.getpid()),
    }


def shown(holder: Mapping[str, Any]) -> str:
    """The holder as a message names him."""
    run = f" of run {holder['run']}" if holder.get("run") else ""
    return f"process {holder.get('pid')} on {holder.get('pod')}{run}"


def gone(holder: Mapping[str, Any]) -> str:
    """Why a holder needs not be waited for; "" if he may be at work.

    A process of this machine can be looked for. One of another pod of the same run has been
    replaced: a cluster retries a pod when the old one is gone. Should a node that was cut off go
    on all the same, its next state is refused, because the place was claimed since.
    """
    if holder.get("machine") == _machine():
        alive = _start(holder.get("pid", 0)) == holder.get("started")
        return "" if alive else "which is dead"
    if holder.get("run") and holder["run"] == os.environ.get(RUN):
        return "which this one replaces"
    return ""


def _machine() -> str:
    """Differs where a process id means another process: by host, start of the host, container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        processes = os.readlink("/proc/self/ns/pid")
    except OSError:  # no Linux
        boot = processes = ""
    return f"{platform.node()} {boot} {processes}"


def _start(pid: int) -> str:
    """When a process started, since its number is given again; "" if there is none."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _exists(pid)
    return "" if state == "Z" else rest[18]


def _exists(pid: int) -> str:
    if Path("/proc/self").exists():
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        return "alive"
    return "alive"
