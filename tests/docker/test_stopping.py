"""Failures keep their exit code, and nothing is left running."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import docker
import pytest

from components.console import INTERRUPTED
from pipeline import cli, local
from pipeline.containers.runner import Containers, Options
from pipeline.outcome import StepFailed
from tests.docker.conftest import LOCKED
from tests.made import make_dataset

pytestmark = pytest.mark.docker

HOME = Path(__file__).parents[2]
TRAIN = ["model.depth=2", "classification_type=bc", "num_classes=2", "trainer.accelerator=cpu"]
FOREVER = [
    *("trainer.max_epochs=100000", "input_normalization.normalize=zscore"),
    "data.allow_signal_mismatch=true",
]


def test_a_hundred_fast_failures_are_a_hundred_failures(daemon, built, tmp_path, left):
    """KFP's own runner takes some for successes: docker removes them before it looks."""
    failing = built('FROM biotune-load-checkpoint\nENTRYPOINT ["sh", "-c", "exit 7"]')
    runner = Containers("c", "d", [], Options(images=[failing]))
    message = "preflight ended with exit code 7 and left no reason"
    for number in range(100):
        with pytest.raises(StepFailed, match=message):
            local.run("c", "d", [], out=tmp_path / str(number), runner=runner)
    assert not left()


def test_a_step_that_ends_well_without_its_output_has_failed(daemon, built, tmp_path, left):
    idle = built('FROM biotune-load-checkpoint\nENTRYPOINT ["true"]')
    runner = Containers("c", "d", [], Options(images=[idle]))
    with pytest.raises(StepFailed, match="preflight ended without its output"):
        local.run("c", "d", [], out=tmp_path / "out", runner=runner)
    assert not left()


def test_wrong_input_is_told_once_and_ends_with_2(daemon, tmp_path, biotune, left):
    words = ["--checkpoint", "none.ckpt", "--dataset", "none", "--out", "out"]
    done = biotune(tmp_path, "run", "--runner", "docker", *words, "experiment=demo")
    assert done.returncode == 2
    assert done.stderr.count("none.ckpt") == 1 and "Traceback" not in done.stderr
    record = json.loads((tmp_path / "out/failure.json").read_text())
    assert (record["step"], record["exit_code"]) == ("preflight", 2)
    assert not left()


def test_what_the_daemon_refuses_is_told_in_a_line(daemon, tmp_path, capsys, left):
    words = ["--checkpoint", "c", "--dataset", "d", "--out", str(tmp_path / "out")]
    argv = ["run", "--runner", "docker", "--network", "no-such-network", *words]
    with pytest.raises(SystemExit) as ended:
        cli.main([*argv, "experiment=demo"])
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: preflight: docker cannot run") and "no-such-network" in line
    assert not left()


def test_an_image_that_is_not_there_is_told_in_a_line(daemon, tmp_path, capsys):
    words = ["--checkpoint", "c", "--dataset", "d", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "--runner", "docker", "--image", "finetune=biotune-none:1", *words])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "error: --image finetune=biotune-none:1: there is no such image here; "
        "`make images` builds it"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_no_container(daemon, built, tmp_path, number, left):
    hanging = built('FROM biotune-load-checkpoint\nENTRYPOINT ["tini", "-g", "sleep", "600"]')
    words = ["--checkpoint", "c", "--dataset", "d", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "pipeline", "run", "--runner", "docker", "--image", hanging]
    with subprocess.Popen([*command, *words], cwd=HOME, stderr=subprocess.PIPE, text=True) as run:
        _until(lambda: any(c.status == "running" for c in left()))
        run.send_signal(number)
        started = time.monotonic()
        err = run.stderr.read()
        assert run.wait(30) == INTERRUPTED
    assert time.monotonic() - started < 10
    assert err.splitlines()[-1] == "error: interrupted"
    assert not left()


def _until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def training(daemon, image, tmp_path):
    """A training without end, started in a container by a command."""
    data = make_dataset(tmp_path / "data", channels=8, samples=200)
    os.chmod(tmp_path, 0o777)
    made = []

    def start(command):
        mount = docker.types.Mount("/work", str(tmp_path), type="bind")
        container = daemon.containers.run(
            image("finetune"), command, detach=True, mounts=[mount], **LOCKED
        )
        made.append(container)
        _until(lambda: _has_begun(container), 120)
        return container

    assert data.exists()
    yield start
    for container in made:
        container.remove(force=True)


def _has_begun(container):
    container.reload()
    assert container.status != "exited", container.logs().decode()
    return re.search(rb"epoch [2-9] of", container.logs())


def by_entrypoint():
    return ["finetune", "--dataset", "data", "--output", "model", *TRAIN, *FOREVER]


def by_kubeflow():
    """As KFP starts a step: a shell that does not pass a signal on, and Python below it."""
    words = " ".join(by_entrypoint())
    return ["sh", "-ec", f"program=$(mktemp -d); python3 -m components {words}; echo $program"]


@pytest.mark.parametrize("command", [by_entrypoint, by_kubeflow])
def test_sigterm_ends_a_training_within_ten_seconds(training, command):
    container = training(command())
    started = time.monotonic()
    container.kill(signal.SIGTERM)  # and nothing after it, unlike `docker stop`
    code = container.wait(timeout=30)["StatusCode"]
    assert time.monotonic() - started < 10
    assert code not in (0, 128 + signal.SIGKILL)
