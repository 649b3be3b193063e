import json
from pathlib import Path

import pytest

from tests.pipeline.packages import PROFILE, compiled

STAND_INS = Path(__file__).parent / "stand_ins"


@pytest.fixture
def steps(tmp_path, monkeypatch):
    """Puts stand-ins in place of the steps, in the children that KFP's engine starts.

    Called with what a step shall do, as in `steps(finetune="crash")`. It works because Python
    imports `sitecustomize` at its start.
    """
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    monkeypatch.setenv("BIOTUNE_TEST_PID", str(tmp_path / "pid"))

    def order(**orders):
        monkeypatch.setenv("BIOTUNE_TEST_ORDERS", json.dumps(orders))

    order()
    return order


@pytest.fixture
def plain(tmp_path, monkeypatch):
    """The pipeline compiled without a profile."""
    return compiled(tmp_path, monkeypatch)[0]


@pytest.fixture
def everything(tmp_path, monkeypatch):
    """The pipeline with a profile and promotion, and what is Kubernetes' own."""
    return compiled(tmp_path, monkeypatch, PROFILE, promotion=True)
