"""What containers are started with: rights, environment, network, GPUs, memory."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from docker.types import DeviceRequest, Mount

from components.failures import InputError
from components.storage.address import scheme
from pipeline.containers import mounts

# No right that a step does without; /tmp alone can be written, and the folders of the run.
LOCKED_DOWN: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "read_only": True,
    "security_opt": ["no-new-privileges"],
    "tmpfs": {"/tmp": "exec"},
}
PASSED = ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "TZ")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")


def environment(here: Mapping[str, str]) -> tuple[dict[str, str], list[Mount]]:
    """The variables for a step, and mounts of the files that they name."""
    credentials, files = mounts.aws(here)
    passed = {name: here[name] for name in (*PASSED, *PROXIES) if name in here}
    return {**passed, **credentials}, files


def network(uris: Iterable[str], here: Mapping[str, str], server: str = "") -> str:
    """Docker's network mode: none where all is local, and the host's for a server on it.

    Args:
        uris: of all that the steps read and write.
        here: the environment, which may name the S3 server.
        server: another that they talk to; what is no URL of one counts as none.
    """
    servers = [server] if server.startswith(("http://", "https://")) else []
    if any(scheme(uri) == "s3" for uri in uris):
        servers.append(next((here[name] for name in ENDPOINTS if here.get(name)), ""))
    if not servers:
        return "none"
    return "host" if any(map(_here, servers)) else "bridge"


def _here(url: str) -> bool:
    try:
        return bool(LOOPBACK.fullmatch(urlsplit(url).hostname or ""))
    except ValueError:  # it is no URL, which the step tells
        return False


def devices(gpus: str) -> list[DeviceRequest]:
    """What to ask of the daemon for `--gpus`.

    Raises:
        InputError: it is none of the forms.
    """
    if gpus in ("none", "0"):
        return []
    if gpus in ("auto", "all"):
        return [DeviceRequest(count=-1, capabilities=[["gpu"]])]
    if gpus.isdecimal():
        return [DeviceRequest(count=int(gpus), capabilities=[["gpu"]])]
    ids = gpus.removeprefix("device=").split(",")
    if not gpus.startswith("device=") or not all(ids):
        raise InputError(f"--gpus {gpus}: must be auto, none, all, a number or device=0,2")
    return [DeviceRequest(device_ids=ids, capabilities=[["gpu"]])]


def size(text: str) -> str:
    """A size as docker takes it.

    Raises:
        InputError: it is none.
    """
    if not re.fullmatch(r"[1-9]\d*[bkmg]?", text, re.IGNORECASE):
        raise InputError(f"--shm-size {text}: must be a number with k, m or g, as in 2g")
    return text.lower()
