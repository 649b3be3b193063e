from kfp_server_api import (
    GoogleRpcStatus,
    V2beta1PipelineTaskDetail,
    V2beta1Run,
    V2beta1RunDetails,
)

from pipeline.cluster.progress import read
from pipeline.steps import STEPS


def test_steps_of_many_seeds_stand_in_the_order_of_the_seeds():
    names = ["preflight", *(f"finetune{n}" for n in ("", "-2", "-10")), "evaluate", "evaluate-2"]
    one = {"componentRef": {"name": "one"}}
    spec = {"root": {"dag": {"tasks": {name: one for name in reversed(names)}}}, "components": {}}
    # With settings for Kubernetes there is a platform's part beside the pipeline's.
    for sent in (spec, {"pipeline_spec": spec, "platform_spec": {}}):
        found = read(V2beta1Run(state="RUNNING", pipeline_spec=sent)).steps
        assert [step.name for step in found] == names


def test_a_step_is_known_by_its_name_and_by_the_one_that_is_shown():
    task = {"componentRef": {"name": "one"}, "taskInfo": {"name": "finetune, seed 1"}}
    spec = {"root": {"dag": {"tasks": {"finetune-2": task}}}, "components": {}}
    for told in ("finetune-2", "finetune, seed 1"):
        listed = V2beta1PipelineTaskDetail(display_name=told, state="RUNNING")
        details = V2beta1RunDetails(task_details=[listed])
        run = V2beta1Run(state="RUNNING", pipeline_spec=spec, run_details=details)
        assert [(step.name, step.state) for step in read(run).steps] == [("finetune-2", "RUNNING")]


def test_a_server_that_does_not_give_the_package_back():
    run = V2beta1Run(pipeline_spec=None, state=None)
    assert read(run).state == "PENDING"
    assert [step.name for step in read(run).steps] == list(STEPS)


def test_no_secret_in_what_the_server_says_of_a_failure():
    said = GoogleRpcStatus(code=1, message="GET https://me:s3cr3t@store.example.com failed")
    found = read(V2beta1Run(state="FAILED", error=said))
    assert found.error == "GET https://***@store.example.com failed"
