"""The stand-in for Kubeflow Pipelines is as strict as the description, or it proves nothing."""

import json
import urllib.error
import urllib.request

import kfp
import pytest
from kfp import compiler, dsl
from kfp_server_api import ApiException

from tests.kfp_server import contract

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@dsl.component(base_image="example.com/step:1")
def step(word: str) -> str:
    return word


@dsl.pipeline(name="two")
def two(word: str, count: int = 1):
    first = step(word=word).set_display_name("first")
    step(word=first.output)


@pytest.fixture
def package(tmp_path):
    compiler.Compiler().compile(two, str(tmp_path / "two.yaml"))
    return str(tmp_path / "two.yaml")


@pytest.fixture
def client(kfp_server, monkeypatch, tmp_path):
    monkeypatch.setattr(kfp.Client, "_LOCAL_KFP_CONTEXT", str(tmp_path / "none"))
    return kfp.Client(kfp_server.url)


def submitted(client, package, name="one", **params) -> str:
    experiment = client.create_experiment("demo")
    params = {"word": "a", **params}
    return client.run_pipeline(experiment.experiment_id, name, package, params).run_id


def test_a_run_goes_from_step_to_step_and_outlives_a_restart(kfp_server, client, package):
    run_id = submitted(client, package)
    assert kfp_server.steps(run_id) == ["step", "step-2"]
    states = [kfp_server.advance(run_id), kfp_server.advance(run_id)]
    kfp_server.restart()
    states.append(kfp_server.advance(run_id))
    assert states == ["RUNNING", "RUNNING", "SUCCEEDED"]
    run = client.get_run(run_id)
    assert run.state == "SUCCEEDED"
    assert {t.display_name: t.state for t in run.run_details.task_details}["step-2"] == "SUCCEEDED"


def test_lists_have_pages_filters_and_an_order(kfp_server, client, package):
    for number in range(5):
        submitted(client, package, f"run-{number}")
    first = client.list_runs(page_size=3, sort_by="created_at desc")
    second = client.list_runs(
        page_size=3, sort_by="created_at desc", page_token=first.next_page_token
    )
    names = [run.display_name for run in first.runs + second.runs]
    assert names == [f"run-{number}" for number in (4, 3, 2, 1, 0)]
    assert second.next_page_token is None
    wanted = {"operation": "EQUALS", "key": "display_name", "string_value": "run-3"}
    found = client.list_runs(filter=json.dumps({"predicates": [wanted]}))
    assert [run.display_name for run in found.runs] == ["run-3"]


@pytest.mark.parametrize("params", [{"count": "1"}, {"other": 1}, {"word": None}])
def test_parameters_that_are_not_the_package_s_are_refused(kfp_server, client, package, params):
    with pytest.raises(ApiException) as refused:
        submitted(client, package, **params)
    assert refused.value.status == 400
    assert kfp_server.state.runs == {}


def recurring(client, package, **settings):
    settings = {"cron_expression": "0 0 2 * * *", "max_concurrency": "1", **settings}
    experiment = client.create_experiment("demo")
    return client.create_recurring_run(
        experiment.experiment_id,
        "nightly",
        pipeline_package_path=package,
        params={"word": "a"},
        **settings,
    )


def test_deleting_a_recurring_run_kills_what_runs(kfp_server, client, package):
    made = recurring(client, package, enabled=False)
    assert (made.status, made.mode) == ("DISABLED", "DISABLE")
    client.enable_recurring_run(made.recurring_run_id)
    assert client.get_recurring_run(made.recurring_run_id).status == "ENABLED"
    run = kfp_server.trigger(made.recurring_run_id)
    client.delete_recurring_run(made.recurring_run_id)
    assert kfp_server.state.killed == [run["run_id"]]
    assert client.list_recurring_runs().recurring_runs is None


def test_more_than_ten_at_once_are_refused(client, package):
    with pytest.raises(ApiException) as refused:
        recurring(client, package, max_concurrency="11")
    assert refused.value.status == 400


def test_a_namespace_is_needed_and_guarded_in_multi_user_mode(kfp_server, client):
    kfp_server.state.multi_user = True
    assert client.create_experiment("demo", namespace="team").namespace == "team"
    for namespace, status in (("", 400), ("others", 403)):
        with pytest.raises(ApiException) as refused:
            client.list_experiments(namespace=namespace)
        assert refused.value.status == status


@pytest.mark.parametrize(
    "path, body, complaint",
    [
        ("runs", {"display_name": "x", "color": "red"}, "'color' was unexpected"),
        ("runs", {"display_name": "x", "state": "Running"}, "is not one of"),
        ("recurringruns", {"max_concurrency": 1}, "1 is not of type 'string'"),
        ("recurringruns", {"max_concurrency": "one"}, "is not a 'int64'"),
        ("runs?color=red", {}, "unknown parameter color"),
        ("jobs", {}, "not in the API"),
    ],
)
def test_what_the_description_does_not_allow_is_recorded(kfp_server, path, body, complaint):
    request = urllib.request.Request(
        f"{kfp_server.url}/apis/v2beta1/{path}", json.dumps(body).encode(), method="POST"
    )
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(request)
    assert complaint in kfp_server.violations[0]
    kfp_server.violations.clear()


def test_an_answer_that_is_not_as_described_is_recorded(kfp_server, client, package):
    run_id = submitted(client, package)
    kfp_server.state.runs[run_id]["state"] = "Succeeded"
    client.get_run(run_id)
    assert "'Succeeded' is not one of" in kfp_server.violations[0]
    kfp_server.violations.clear()


def test_kfp_s_own_filters_are_read_as_protobuf_reads_them():
    kfp_s = {"predicates": [{"operation": 1, "key": "display_name", "stringValue": "x"}]}
    assert contract.filter_errors(json.dumps(kfp_s)) == []
    assert contract.filter_errors('{"predicates": [{"operation": "IS"}]}')
