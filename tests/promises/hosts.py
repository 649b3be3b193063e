"""Two hosts on one machine: namespaces with a network, a name and an /etc/hosts of their own.

Nothing of them has a name in the system, so that they end with the processes in them, and those
that hold them end with the test, whatever becomes of it. Their packets go from one to the other.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_NAMESPACES = ("--net", "--uts", "--mount")
_LINK = "eth0"


@dataclass
class Host:
    """A network of its own, in which processes can be started.

    Attributes:
        holder: the process whose namespaces they are; it ends when its input does.
    """

    name: str
    address: str
    holder: subprocess.Popen

    def run(self, *command: str) -> None:
        """Runs a command here to its end."""
        subprocess.run([*self._inside(), *command], check=True, capture_output=True, text=True)

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
                start_new_session=True,
            )

    def cut_off(self) -> None:
        """Takes the link away: no packet comes or goes, and nobody is told."""
        self.run("ip", "link", "set", _LINK, "down")

    def _inside(self) -> list[str]:
        return ["nsenter", "--target", str(self.holder.pid), *_NAMESPACES, "--"]


@contextmanager
def two_hosts(scratch: Path) -> Iterator[list[Host]]:
    """Two hosts with a cable between them; skips the test where none can be made."""
    if missing := [tool for tool in ("ip", "unshare", "nsenter") if not shutil.which(tool)]:
        pytest.skip(f"{', '.join(missing)}: not installed, so no network can be made")
    hosts: list[Host] = []
    try:
        try:
            for number in range(2):
                hosts.append(_host(f"node-{number}", f"10.77.0.{number + 1}"))
            _connect(hosts, scratch)
        except (OSError, subprocess.CalledProcessError) as error:
            told = getattr(error, "stderr", "") or error
            pytest.skip(f"no network can be made here ({str(told).strip()})")
        yield hosts
    finally:
        for host in hosts:
            host.holder.stdin.close()
            host.holder.wait()


def kill(children: Sequence[subprocess.Popen]) -> None:
    """Ends processes that a host has started, and theirs."""
    for child in children:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _host(name: str, address: str) -> Host:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    held = ["sh", "-c", f"hostname {name} && echo made && exec cat"]
    holder = subprocess.Popen(["unshare", *_NAMESPACES, *held], text=True, **pipes)
    if holder.stdout.readline() != "made\n":
        told = holder.communicate()[1]
        raise OSError(told.strip())
    return Host(name, address, holder)


def _connect(hosts: Sequence[Host], scratch: Path) -> None:
    one, other = hosts
    pair = ("type", "veth", "peer", "name", _LINK, "netns", str(other.holder.pid))
    one.run("ip", "link", "add", _LINK, *pair)
    names = scratch / "hosts"
    lines = ["127.0.0.1 localhost", *(f"{host.address} {host.name}" for host in hosts)]
    names.write_text("\n".join(lines) + "\n")
    for host in hosts:
        host.run("mount", "--bind", str(names), "/etc/hosts")
        host.run("ip", "link", "set", "lo", "up")
        host.run("ip", "address", "add", f"{host.address}/24", "dev", _LINK)
        host.run("ip", "link", "set", _LINK, "up")
