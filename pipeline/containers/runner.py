"""`biotune run --runner docker`: each step in a container of its image."""

import os
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.types import Mount
from kfp import local

from components.failures import InputError
from pipeline import steps
from pipeline.containers import daemon, mounts, settings, step
from pipeline.place import identity

TEMPORARY = "/var/tmp"


@dataclass(frozen=True)
class Options:
    """What a user may say of the containers.

    Attributes:
        images: `IMAGE` for all steps, `STEP=IMAGE` for one; the last word on a step counts.
        gpus: "auto" for what the daemon has, "none", "all", a number, or "device=0,2".
        shm_size: of /dev/shm, through which DataLoader's workers pass their batches.
        network: docker's network mode; None chooses.
        mounts: further files and folders that the steps read.
    """

    images: Sequence[str] = ()
    gpus: str = "auto"
    shm_size: str = "2g"
    network: str | None = None
    mounts: Sequence[Path] = ()


class Containers:
    """Runs the steps in containers.

    Args:
        checkpoint: path or URI.
        dataset: path or URI.
        overrides: may name folders, and servers, by `resume.uri` and `tracking.uri`.
        options: what the user says of the containers.
        registry: path or URI of the models' registry, "" for none.

    Attributes:
        images: the image of each step.

    Raises:
        InputError: an option is wrong, an image is not here, or a folder can't be written.
        ServiceError: no daemon answers.
    """

    def __init__(
        self,
        checkpoint: str,
        dataset: str,
        overrides: Sequence[str],
        options: Options,
        registry: str = "",
    ) -> None:
        self.images = images(options.images)
        devices = settings.devices(options.gpus)
        written = [uri for uri in (registry, _said(overrides, "resume.uri")) if uri]
        server = _said(overrides, "tracking.uri")
        network = options.network or settings.network(
            (checkpoint, dataset, *written), os.environ, server
        )
        shm_size = settings.size(options.shm_size)
        self.client = daemon.connect()
        daemon.require(self.client, self.images)
        if options.gpus == "auto" and not daemon.has_gpus(self.client):
            devices = []
        self.environment, files = settings.environment(os.environ)
        inputs = mounts.inputs(checkpoint, dataset, overrides, options.mounts, written)
        self.settings: dict[str, Any] = {
            **settings.LOCKED_DOWN,
            "device_requests": devices,
            "group_add": os.getgroups(),
            "mounts": [*inputs, *files],
            "network_mode": network,
            "shm_size": shm_size,
            "user": daemon.user(self.client, os.getuid(), os.getgid()),
            "working_dir": os.getcwd(),
        }

    def engine(self, scratch: Path) -> local.DockerRunner:
        """KFP's runner for it. What a step downloads goes to the disk below `scratch`."""
        downloads = scratch / "tmp"
        for folder in (downloads, scratch / "workspace"):  # docker would make them root's
            folder.mkdir(exist_ok=True)  # they may be of an earlier attempt
        # Under a short path: DataLoader's workers hang where that of their sockets gets too long.
        mount = Mount(target=TEMPORARY, source=str(downloads), type="bind")
        given = {**self.settings, "mounts": [*self.settings["mounts"], mount]}
        environment = {**self.environment, **identity(scratch), "TMPDIR": TEMPORARY}
        return local.DockerRunner(environment=environment, **given)

    def in_place(self, codes: dict[Path, int]) -> AbstractContextManager[None]:
        """Puts our handler in place of KFP's, for as long as the block lasts."""
        return step.in_place(self.client, codes)

    def describe(self, overrides: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Runs `describe` in each image that must hold the model's class.

        An evaluation that misses it would tell so when the training is over.

        Returns:
            The first that failed, or the last.
        """
        command = ["describe", *overrides]
        for image in dict.fromkeys(self.images[name] for name in step.TRAINS):
            done = self._run(image, command)
            if done.returncode:
                break
        return done

    def _run(self, image: str, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        settings = {**self.settings, "device_requests": []}
        out, err = [], []

        def keep(output) -> None:
            for told, warned in output:
                out.append(told or b"")
                err.append(warned or b"")

        with step.telling("describe", image):
            container = self.client.containers.create(
                image,
                list(command),
                environment={**self.environment, "BIOTUNE_IMAGE": image},
                labels={step.LABEL: "describe"},
                **settings,
            )
            code = step.follow(container, keep, demux=True)
        texts = (b"".join(pieces).decode(errors="replace") for pieces in (out, err))
        return subprocess.CompletedProcess(command, code, *texts)


def _said(overrides: Sequence[str], key: str) -> str:
    """What the overrides set a place to, "" for none."""
    pairs = (override.lstrip("+").partition("=") for override in overrides)
    said = [value.strip("'\"") for name, _, value in pairs if name == key]
    return said[-1] if said and said[-1] not in ("none", "null") else ""


def images(named: Sequence[str]) -> dict[str, str]:
    """The image of each step: the package's, but where the user names another.

    Raises:
        InputError: there is no such step.
    """
    found = steps.images()
    for name in named:
        step, equals, image = name.rpartition("=")
        if equals and step not in steps.STEPS:
            raise InputError(f"--image {name}: no such step; there are {', '.join(steps.STEPS)}")
        if not image:
            raise InputError(f"--image {name}: names no image; write IMAGE or STEP=IMAGE")
        found.update({step: image} if equals else dict.fromkeys(found, image))
    return found
