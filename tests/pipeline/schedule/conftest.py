import pytest
import yaml

from pipeline.cli import main
from pipeline.cluster.client import connect
from pipeline.cluster.target import Target
from pipeline.schedule.cluster import Cluster

REQUEST = {
    "checkpoint": "s3://models/last.ckpt",
    "dataset": "s3://data/emg",
    "overrides": ["experiment=demo"],
}


@pytest.fixture
def cluster(kfp_server):
    return Cluster(connect(Target(kfp_server.url)))


@pytest.fixture
def written(tmp_path):
    """Writes a file of schedules: their keys by name, besides those of a sound request."""
    path = tmp_path / "schedules.yaml"

    def write(owner="emg-team", **schedules):
        named = {name.replace("_", "-"): {**REQUEST, **keys} for name, keys in schedules.items()}
        path.write_text(yaml.safe_dump({"owner": owner, "schedules": named}))
        return str(path)

    return write


@pytest.fixture
def schedule(kfp_server, capsys, monkeypatch):
    """Runs `biotune schedule`; gives its exit code, stdout, and the lines of stderr."""
    monkeypatch.setenv("COLUMNS", "160")

    def call(verb, *words, host=kfp_server.url):
        try:
            code = main(["schedule", verb, *words, *(["--host", host] if host else [])])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err.splitlines()

    return call
