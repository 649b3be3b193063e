"""The fixture `kubernetes_server`: a stand-in for a cluster, and a kubeconfig that leads to it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubernetes_server.cluster import Cluster
from tests.kubernetes_server.operations import NAMESPACE


@pytest.fixture
def kubernetes_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A running server without anything in it; each request has to be one of its API."""
    for name in list(os.environ):
        if name.startswith("KUBERNETES_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    server = Cluster()
    server.start()
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(server, tmp_path / "kubeconfig.json")))
    yield server
    server.stop()
    assert server.violations == []
    assert server.state.overlaps == []


def kubeconfig(server: Cluster, file: Path) -> Path:
    """Writes how the server is reached."""
    named = {
        "clusters": [{"name": "c", "cluster": {"server": server.url}}],
        "users": [{"name": "u", "user": {"token": server.token}}],
        "contexts": [
            {"name": "x", "context": {"cluster": "c", "user": "u", "namespace": NAMESPACE}}
        ],
    }
    content = {"apiVersion": "v1", "kind": "Config", "current-context": "x", **named}
    file.write_text(json.dumps(content))
    return file
