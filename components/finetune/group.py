"""The processes of a training as torch's process group, in which nobody is waited for forever."""

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from components.failures import PeerLost, first_line
from components.resume.wanted import seconds

DEFAULT = "10m"
# What gloo says, as a plain RuntimeError, of a process that is gone or silent; inside a backward
# pass nothing else tells where an error is from.
_LOST = (
    *("/gloo/transport/", "Gloo connectFullMesh failed", "Timed out waiting", "Socket closed"),
    *("Application timeout caused pair closure", "Connect timeout", "Read timeout"),
    *("Connection closed by peer", "Connection reset by peer", "Broken pipe", "No route to host"),
    "Socket Timeout",
)
# What it says of a tensor that it can't send at all, to anybody.
_OURS = ("Invalid scalar type", "ProcessGroupGloo::")


def limit(config: Mapping[str, Any]) -> float:
    """Seconds that one process waits for the answer of another."""
    return seconds(config.get("peer_timeout", DEFAULT))


@contextmanager
def joined(config: Mapping[str, Any]) -> Iterator[None]:
    """Joins the group that the environment names, before Lightning would, with our limit.

    Raises:
        PeerLost: another process ended, or did not answer within `peer_timeout`.
    """
    gpu = torch.cuda.is_available() and config["trainer"]["accelerator"] != "cpu"
    waiting = timedelta(seconds=limit(config))
    try:
        distributed.init_process_group("nccl" if gpu else "gloo", timeout=waiting)
        yield
        distributed.destroy_process_group()
    except RuntimeError as error:
        if not _says_lost(error):
            raise
        said = first_line(error).rpartition("] ")[2]  # without the line of gloo's source
        raise PeerLost(
            "another process of this training ended, or did not answer within "
            f"peer_timeout={config.get('peer_timeout', DEFAULT)} ({said})"
        ) from error


def _says_lost(error: RuntimeError) -> bool:
    if isinstance(error, distributed.DistError) or any(words in str(error) for words in _LOST):
        return True
    if any(words in str(error) for words in _OURS):
        return False
    innermost = traceback.extract_tb(error.__traceback__)[-1]
    # Its collectives; what divides a model lies in folders of its own.
    return Path(innermost.filename).parent == Path(distributed.__file__).parent
