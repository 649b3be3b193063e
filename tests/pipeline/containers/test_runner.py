import os
from unittest import mock

import pytest
from docker.errors import DockerException

from components.failures import Failure, InputError
from pipeline import cli, local
from pipeline.containers import daemon, runner


@pytest.fixture
def created(tmp_path, monkeypatch):
    """What a daemon is asked for; it starts nothing. Paths are taken from `tmp_path`."""
    asked = []

    def create(image, command, **settings):
        asked.append(settings)
        raise DockerException("out of order")

    client = mock.MagicMock()
    client.containers.create = create
    client.info.return_value = {}
    monkeypatch.setattr(daemon, "connect", lambda: client)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    return asked


def start(overrides=(), registry="", **options):
    containers = runner.Containers("c", "d", overrides, runner.Options(**options), registry)
    with pytest.raises(Failure, match="out of order"):
        containers.describe([])
    return containers


def mounted(settings):
    """Whether what lies under a path may be written."""
    return {mount["Target"]: not mount["ReadOnly"] for mount in settings["mounts"]}


def test_a_run_in_containers_is_taken_up_again(created, tmp_path):
    for _ in range(2):
        with pytest.raises(Failure, match="out of order"):
            local.run("c", "d", [], out=tmp_path / "out", runner=start())


def test_a_registry_on_this_machine_is_there_and_can_be_written(created, tmp_path, capsys):
    registry = tmp_path / "new/registry"
    words = ["--registry", "new/registry", "--mount", str(tmp_path), "--mount", str(registry)]
    with pytest.raises(SystemExit):
        cli.main(["run", "--runner", "docker", "--out", "out", *words])
    assert "out of order" in capsys.readouterr().err
    assert registry.is_dir()
    assert mounted(created[0])[str(registry)] and not mounted(created[0])[str(tmp_path)]
    assert created[0]["network_mode"] == "none"


def test_so_is_a_folder_of_states(created, tmp_path):
    start(["resume.uri=states"])
    assert mounted(created[0]) == {str(tmp_path / "states"): True}


def test_a_registry_that_can_not_be_made_is_the_users_mistake(created, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file/registry: cannot be written"):
        start(registry="file/registry")


@pytest.mark.parametrize(
    ("overrides", "registry", "endpoint", "mode"),
    [
        ([], "s3://bucket/registry", "", "bridge"),
        ([], "s3://bucket/registry", "http://localhost:9000", "host"),
        (["resume.uri=s3://bucket/states"], "", "", "bridge"),
        (["resume.uri=none"], "", "", "none"),
        (["tracking=mlflow", "tracking.uri=https://mlflow.example.com"], "", "", "bridge"),
        (["tracking=mlflow", "tracking.uri='http://127.0.0.1:5000'"], "", "", "host"),
        (["tracking=mlflow", "tracking.uri=http://[127"], "", "", "bridge"),
        (["tracking=mlflow", "tracking.uri=runs.db"], "", "", "none"),
    ],
)
def test_the_network_reaches_what_a_run_writes_to(
    created, monkeypatch, overrides, registry, endpoint, mode
):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    start(overrides, registry)
    assert created[0]["network_mode"] == mode
