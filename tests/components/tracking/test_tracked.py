"""A run of MLflow's on a real server, begun and gone on with."""

import pytest

from components.tracking.settings import settings
from components.tracking.tracked import FINISHED, KILLED, TRAINING, Tracked

ROWS = [{"epoch": epoch, "train_loss": 1.0 / (epoch + 1), "val_acc": 0.5} for epoch in range(3)]


@pytest.fixture
def begin(server):
    """Begins a run of a training, or goes on with it."""
    node = {"kind": "mlflow", "uri": server, "experiment": "killed", "artifacts": True}
    return lambda training: Tracked.begin(settings({"tracking": node}), "x", {TRAINING: training})


def test_a_training_that_goes_on_is_one_run_with_each_epoch_once(begin, client):
    first = begin("one")
    first.parameters({"seed": 0, "data.uri": "s3://key:hushhush@bucket/x"})
    first.history(ROWS[:2])
    first.end(KILLED)
    again = begin("one")
    again.parameters({"seed": 1})  # MLflow would refuse another value
    again.history(ROWS)
    again.end(FINISHED)
    assert again.run_id == first.run_id
    past = client.get_metric_history(first.run_id, "train_loss")
    assert [(m.step, m.value) for m in past] == [(1, 1.0), (2, 0.5), (3, 1.0 / 3)]
    run = client.get_run(first.run_id)
    assert run.info.status == FINISHED
    assert run.data.params["seed"] == "0"
    assert "hushhush" not in str(run.data.params)


def test_another_training_and_one_that_is_done_get_runs_of_their_own(begin):
    done = begin("two")
    done.end(FINISHED)
    others = {begin("two").run_id, begin("three").run_id, begin("").run_id, begin("").run_id}
    assert len(others) == 4
    assert done.run_id not in others
