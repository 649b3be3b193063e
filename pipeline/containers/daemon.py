"""The docker daemon: how it is reached, whether it has the images, what it can hand out."""

from collections.abc import Mapping

import docker
from docker.context import ContextAPI
from docker.errors import DockerException, ImageNotFound
from requests.exceptions import RequestException

from components.failures import InputError, ServiceError, first_line

UNREACHED = (DockerException, RequestException, OSError)


def connect() -> docker.DockerClient:
    """A client of the daemon that the command `docker` would talk to.

    Raises:
        ServiceError: no daemon answers, or not to this user.
    """
    try:
        client = docker.from_env() if docker.utils.kwargs_from_env() else _of_context()
        client.ping()
    except UNREACHED as error:
        if "permission denied" in str(error).lower():
            raise ServiceError(
                "--runner docker: the docker daemon refuses this user; "
                "add yourself to the group docker, and log in again"
            ) from error
        raise ServiceError(
            "--runner docker: no docker daemon answers; start it, set DOCKER_HOST, "
            "or run without docker by --runner subprocess"
        ) from error
    return client


def _of_context() -> docker.DockerClient:
    """Docker Desktop and rootless daemons are known to their context alone."""
    context = ContextAPI.get_current_context()
    return docker.DockerClient(base_url=context.Host) if context else docker.from_env()


def require(client: docker.DockerClient, images: Mapping[str, str]) -> None:
    """Holds that the image of each step is on the daemon's machine.

    Raises:
        InputError: one isn't.
        ServiceError: the daemon does not tell.
    """
    for step, image in images.items():
        try:
            client.images.get(image)
        except ImageNotFound as error:
            own = image.split(":")[0].startswith("biotune-") and "/" not in image
            get = "`make images` builds it" if own else f"fetch it by `docker pull {image}`"
            raise InputError(
                f"--image {step}={image}: there is no such image here; {get}"
            ) from error
        except UNREACHED as error:
            raise ServiceError(f"--image {step}={image}: {first_line(error)}") from error


def user(client: docker.DockerClient, uid: int, gid: int) -> str:
    """Whom a container must run as, so that what it leaves belongs to the caller.

    A daemon without root maps the container's root to its own user.
    """
    options = client.info().get("SecurityOptions") or []
    return "0:0" if "name=rootless" in options else f"{uid}:{gid}"


def has_gpus(client: docker.DockerClient) -> bool:
    """Whether the daemon can hand out NVIDIA's GPUs."""
    return "nvidia" in (client.info().get("Runtimes") or {})
