import pytest

from pipeline.cluster.target import Target

SPEC = {
    "root": {
        "dag": {
            "tasks": {
                "finetune": {"dependentTasks": ["preflight"], "componentRef": {"name": "one"}},
                "preflight": {"componentRef": {"name": "one"}},
                "condition-1": {"dependentTasks": ["finetune"], "componentRef": {"name": "many"}},
            }
        }
    },
    "components": {
        "one": {"executorLabel": "exec-one"},
        "many": {"dag": {"tasks": {"promote": {"componentRef": {"name": "one"}}}}},
    },
}


@pytest.fixture
def target(kfp_server):
    return Target(kfp_server.url)


@pytest.fixture
def run_id(kfp_server):
    """A run that waits, of preflight, finetune, and promote on a condition."""
    experiment = kfp_server.state.experiment(None)["experiment_id"]
    asked = {"display_name": "tuning", "experiment_id": experiment, "pipeline_spec": SPEC}
    return kfp_server.state.add_run(asked)["run_id"]
