"""The fixture `kfp_server`: a stand-in for Kubeflow Pipelines, held against its own description."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kfp_server.driving import DrivenServer


@pytest.fixture
def kfp_server(tmp_path: Path, kfp_environment: Path) -> Iterator[DrivenServer]:
    """A running server without anything in it; each request and answer has to be as described."""
    folder = tmp_path / "kfp-server"
    folder.mkdir()
    server = DrivenServer(folder)
    server.start()
    yield server
    server.stop()
    assert server.violations == []


@pytest.fixture
def kfp_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No setting for a cluster of whoever runs the tests; gives the empty home folder."""
    for name in list(os.environ):
        if name.startswith(("KF_PIPELINES_", "BIOTUNE_KFP_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    return home
