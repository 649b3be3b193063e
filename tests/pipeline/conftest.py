import json
from pathlib import Path

import pytest

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
