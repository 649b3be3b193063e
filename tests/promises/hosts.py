"""Two hosts on one machine: namespaces with a network, processes, a name and an /etc/hosts.

Nothing of them has a name in the system. Each ends with the process that holds it, which ends with
the test, whatever becomes of that, and takes all processes in it along. Packets go nowhere else.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

_NAMESPACES = ("--net", "--uts", "--mount", "--pid")
_LINK = "eth0"
REQUIRED = "BIOTUNE_REQUIRE_HOSTS"  # set, where none can be made the test fails


@dataclass
class Host:
    """A network of its own, in which processes can be started.

    Attributes:
        holder: what holds the namespaces; it ends when its input does.
        first: the number, outside, of the process that is the host's first.
    """

    name: str
    address: str
    holder: subprocess.Popen
    first: str

    def run(self, *command: str) -> None:
        """Runs a command here to its end."""
        _run(*self._inside(), *command)

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> subprocess.Popen:
        """Starts a command here, with its output in a file."""
        with log.open("w") as stream:
            return subprocess.Popen(
                [*self._inside(), *command],
                env={**os.environ, **environment},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def cut_off(self) -> None:
        """Takes the link away: no packet comes or goes, and nobody is told."""
        self.run("ip", "link", "set", _LINK, "down")

    def _inside(self) -> list[str]:
        return ["nsenter", "--target", self.first, *_NAMESPACES, "--"]


@contextmanager
def two_hosts(scratch: Path, job: str) -> Iterator[list[Host]]:
    """Two hosts with a cable between them; skips the test where none can be made, if it may.

    Args:
        scratch: folder for the file that names them.
        job: what they are named after, as the nodes of a TrainJob are.
    """
    if missing := [tool for tool in ("ip", "unshare", "nsenter") if not shutil.which(tool)]:
        _without(f"{', '.join(missing)}: not installed, so no network can be made")
    hosts: list[Host] = []
    try:
        try:
            for number in range(2):
                hosts.append(_host(f"{job}-node-0-{number}", f"10.77.0.{number + 1}"))
            _connect(hosts, scratch, job)
        except (OSError, subprocess.CalledProcessError) as error:
            told = getattr(error, "stderr", "") or error
            _without(f"no network can be made here ({str(told).strip()})")
        yield hosts
    finally:
        for host in hosts:
            host.holder.stdin.close()
            host.holder.wait()


def _without(reason: str) -> NoReturn:
    if os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set: {reason}")
    pytest.skip(reason)


def _host(name: str, address: str) -> Host:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    new = ("unshare", *_NAMESPACES, "--fork", "--mount-proc")
    held = ("sh", "-c", f"hostname {name} && echo made && exec cat")
    holder = subprocess.Popen([*new, *held], text=True, **pipes)
    if holder.stdout.readline() != "made\n":
        raise OSError(holder.communicate()[1].strip())
    (first,) = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
    return Host(name, address, holder, first)


def _connect(hosts: Sequence[Host], scratch: Path, domain: str) -> None:
    one, other = hosts
    pair = ("type", "veth", "peer", "name", _LINK, "netns", other.first)
    # Inside, the number of the other's process would mean nothing.
    _run("nsenter", "--target", one.first, "--net", "ip", "link", "add", _LINK, *pair)
    names = scratch / "hosts"
    lines = [f"{host.address} {host.name}.{domain} {host.name}" for host in hosts]
    names.write_text("\n".join(["127.0.0.1 localhost", *lines, ""]))
    for host in hosts:
        host.run("mount", "--bind", str(names), "/etc/hosts")
        host.run("ip", "link", "set", "lo", "up")
        host.run("ip", "address", "add", f"{host.address}/24", "dev", _LINK)
        host.run("ip", "link", "set", _LINK, "up")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
