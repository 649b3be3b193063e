"""What the tests with real containers share.

Without a daemon or the images they are skipped by name, unless BIOTUNE_REQUIRE_DOCKER is set.
"""

import io
import os
import subprocess
import sys
import tarfile
from functools import partial
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

from pipeline import steps
from pipeline.containers.step import LABEL

HOME = Path(__file__).parents[2]
IMAGES = steps.images()
# No steps': that of the command line, and that of predict.
TAG = IMAGES["finetune"].rpartition(":")[2]
IMAGES |= {"client": f"biotune:{TAG}", "predict": f"biotune-predict:{TAG}"}
LOCKED = {
    "cap_drop": ["ALL"],
    "network_mode": "none",
    "read_only": True,
    "tmpfs": {"/tmp": ""},
    "user": "1000:1000",
}


def _lacking(reason):
    if os.environ.get("BIOTUNE_REQUIRE_DOCKER"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def daemon():
    """A client of the docker daemon, which has the images of `make images`."""
    try:
        client = docker.from_env(timeout=300)
        client.ping()
    except DockerException:
        _lacking("no docker daemon answers")
    for image in set(IMAGES.values()):
        try:
            client.images.get(image)
        except ImageNotFound:
            _lacking(f"{image} is not built: make images")
    return client


@pytest.fixture(scope="session")
def image():
    """The name of a step's image, or of the client's."""
    return IMAGES.__getitem__


@pytest.fixture
def left(daemon, tmp_path):
    """The containers that `biotune run` made in the test's folder and that are still there."""

    def here(container):
        return any(m["Source"].startswith(f"{tmp_path}/") for m in container.attrs["Mounts"])

    runners = partial(
        daemon.containers.list, all=True, filters={"label": LABEL}, ignore_removed=True
    )
    return lambda: [container for container in runners() if here(container)]


@pytest.fixture
def built(daemon):
    """Builds images of a Dockerfile's text, with files; called as `built(text, name=content)`."""
    made = []

    def build(text, **files):
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as archive:
            for name, content in {"Dockerfile": text, **files}.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content.encode())
                archive.addfile(entry, io.BytesIO(content.encode()))
        context.seek(0)
        found, _ = daemon.images.build(fileobj=context, custom_context=True, rm=True)
        made.append(found.id)
        return found.id

    yield build
    for name in reversed(made):
        daemon.images.remove(name, force=True)


@pytest.fixture
def biotune():
    """Runs the command in a folder; `text` holds stderr."""

    def run(folder, *words, **env):
        return subprocess.run(
            [sys.executable, "-m", "pipeline", *map(str, words)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(HOME), "PYTHONSAFEPATH": "1", **env},
            capture_output=True,
            text=True,
        )

    return run
