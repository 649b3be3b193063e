"""How a step's container runs under KFP's local engine.

KFP's own handler lets docker remove the container before it has read the exit code, and takes a
code that it misses for success; it also leaves the container running on Ctrl-C. This handler
takes its place; the command and the mounts of the run's folders are KFP's.
"""

import codecs
import functools
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
from docker.errors import APIError, DockerException
from docker.models.containers import Container
from docker.types import Mount
from kfp.local import docker_task_handler, status
from requests.exceptions import RequestException

from components.failures import Failure, first_line
from pipeline.lines import finished, relay
from pipeline.outcome import place_of
from pipeline.process import GRACE

LABEL = "org.biotune.step"
TRAINS = ("finetune", "evaluate")


@contextmanager
def in_place(client: docker.DockerClient, codes: dict[Path, int]) -> Iterator[None]:
    """Lets KFP's DockerRunner start its tasks through `StepContainer`.

    Args:
        client: of the daemon.
        codes: gets the exit code of each step that ran.
    """
    original = docker_task_handler.DockerTaskHandler
    docker_task_handler.DockerTaskHandler = functools.partial(StepContainer, client, codes)
    try:
        yield
    finally:
        docker_task_handler.DockerTaskHandler = original


class StepContainer(docker_task_handler.DockerTaskHandler):
    """Runs one task's command in a container and passes its lines on to stderr."""

    def __init__(self, client: docker.DockerClient, codes: dict[Path, int], **task) -> None:
        super().__init__(**task)
        self.client = client
        self.codes = codes

    def run(self) -> status.Status:
        """Runs the container to its end; it does not outlive this.

        Raises:
            Failure: the daemon cannot run it.
        """
        place = place_of(self.full_command)
        place.mkdir(parents=True, exist_ok=True)  # a task that leaves nothing has its place, too
        step = place.name
        started = time.monotonic()
        options = dict(self.runner.container_run_args)
        if self.full_command[-1] not in TRAINS:
            options.pop("device_requests", None)
        volumes = self.get_volumes_to_mount(self.client)
        mounts = [
            Mount(target=volume["bind"], source=source, type="bind")
            for source, volume in volumes.items()
        ]
        options["mounts"] = [*mounts, *options.get("mounts", ())]
        held: list[str] = []
        with telling(step, self.image):
            container = self.client.containers.create(
                self.image,
                self.full_command,
                environment={**self.env_vars, "BIOTUNE_IMAGE": self.image},
                labels={LABEL: step},
                **options,
            )
            code = follow(container, lambda output: relay(step, lines(output), held))
        self.codes[place] = code
        finished(step, code, held, place, time.monotonic() - started)
        return status.Status.FAILURE if code else status.Status.SUCCESS


@contextmanager
def telling(step: str, image: str) -> Iterator[None]:
    """Raises in one line what the daemon says."""
    try:
        yield
    except (DockerException, RequestException) as error:
        said = error.explanation if isinstance(error, APIError) else first_line(error)
        said = " ".join(str(said).split())
        raise Failure(f"{step}: docker cannot run {image} ({said})") from error


def follow(container: Container, consume: Callable[[Iterable], None], demux: bool = False) -> int:
    """Starts a container, passes its output on as it comes, and removes the container.

    When that is interrupted, the container gets SIGTERM, and `GRACE` seconds later SIGKILL.

    Args:
        container: not yet started.
        consume: is called with an iterator over pieces of bytes.
        demux: gives it pairs instead, of stdout and stderr, one of the two None.

    Returns:
        The exit code; 137 is a SIGKILL.
    """
    ended = False
    try:
        # Attached before the start, no line is missed, whatever the daemon does with its logs.
        output = container.attach(stream=True, demux=demux)
        container.start()
        consume(output)
        code = container.wait()["StatusCode"]
        ended = True
        return code
    finally:
        try:
            if not ended:
                with suppress(APIError):  # never started, or gone already
                    container.stop(timeout=int(GRACE))
        finally:
            with suppress(APIError):
                container.remove(force=True)


def lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """The lines in a stream that breaks anywhere."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        yield from whole
    yield from filter(None, [rest + decoder.decode(b"", final=True)])
