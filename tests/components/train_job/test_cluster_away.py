"""An API server that can't serve for a while costs patience; one that refuses is told at once."""

import threading
from dataclasses import replace

import pytest

from components.failures import InputError, ServiceError
from tests.kubernetes_server.cluster import MODEL
from tests.kubernetes_server.launching import FAST, NAME
from tests.kubernetes_server.plugin import kubeconfig

SCRIPT = [(0.0, "run", {}), (0.2, "deliver", {}), (0.0, "succeed", {})]


@pytest.fixture(autouse=True)
def script(cluster):
    cluster.script = SCRIPT


BURSTS = {
    "errors": {"status": 500, "times": 6},
    "a proxy's page": {"status": 502, "how": "plain", "times": 6},
    "too many requests": {"status": 429, "times": 3, "headers": {"Retry-After": "1"}},
    "unknown for a while": {"status": 401, "times": 6},
    "connections cut": {"how": "drop", "times": 6},
    "answers lost": {"how": "lose", "times": 12},
    "every request is lost once": {"how": "lose", "times": 1, "verb": "create"},
    "a quota counted at the same time": {
        "status": 409,
        "times": 2,
        "verb": "create",
        "message": 'Operation cannot be fulfilled on resourcequotas "q": the object has been '
        "modified; please apply your changes to the latest version and try again",
    },
}


@pytest.mark.parametrize("fault", BURSTS.values(), ids=BURSTS)
def test_a_burst_of_faults_costs_nothing_but_time(cluster, launch, contents, fault):
    due = cluster.fail(**fault)
    assert contents(launch()) == MODEL
    assert due.times == 0, "all of it came to pass"
    assert len(cluster.state.created) == 1 and cluster.state.jobs == {}


@pytest.mark.parametrize("verb, resource", [("create", "trainjobs"), ("list", "pods")])
def test_a_server_that_restarts_finds_everything_as_it_was(
    cluster, launch, contents, caplog, verb, resource
):
    def restart():
        cluster.stop()
        threading.Timer(0.3, cluster.start).start()

    once = threading.Thread(target=restart)
    cluster.at(verb, resource, "after", once.start)
    assert contents(launch()) == MODEL
    assert len(cluster.state.created) == 1 and cluster.state.jobs == {}
    assert "the Kubernetes API can't serve" in caplog.text


def test_a_token_that_was_changed_is_read_again(cluster, launch, contents, tmp_path):
    def rotate():
        cluster.token = "second-token"
        kubeconfig(cluster, tmp_path / "kubeconfig.json")

    cluster.at("list", "pods", "after", rotate, count=3)
    assert contents(launch()) == MODEL


def test_a_server_that_stays_away_ends_the_step_and_leaves_the_job(cluster, launch, contents):
    cluster.at("list", "pods", "after", lambda: cluster.fail(503, verb="get"), count=2)
    with pytest.raises(ServiceError, match=r"the Kubernetes API can't serve \(503 made to fail\)"):
        launch(pace=replace(FAST, patience=0.5))
    assert list(cluster.state.jobs) == [NAME], "it runs; the next try goes on with it"
    cluster.faults.clear()
    assert contents(launch()) == MODEL
    assert len(cluster.state.created) == 1 and cluster.state.jobs == {}


REFUSALS = {
    "create trainjobs": r"cannot create trainjobs; give the pod's service account the rights",
    "get trainjobs": r"cannot get trainjobs; give the pod's service account the rights",
}


@pytest.mark.parametrize("right, told", REFUSALS.items())
def test_a_missing_right_is_told_at_once(cluster, launch, right, told):
    cluster.rights.discard(right)
    with pytest.raises(InputError, match=told):
        launch()
    assert cluster.state.jobs == {}


def test_what_is_only_told_needs_no_right(cluster, launch, contents, caplog):
    cluster.rights -= {"get pods", "list pods", "get pods/log", "get workflows"}
    assert contents(launch()) == MODEL
    assert caplog.text.count("cannot list pods") == 1


def test_a_cluster_without_trainer_is_told(cluster, launch):
    cluster.fail(404, how="plain", message="404 page not found", resource="trainjobs")
    with pytest.raises(InputError, match="has no TrainJobs; install Kubeflow Trainer v2"):
        launch()


@pytest.mark.parametrize(
    "message",
    [
        'admission webhook "validator.trainjob" denied the request: no such runtime',
        'trainjobs.trainer.kubeflow.org "a" is forbidden: exceeded quota: jobs, limited: count=1',
    ],
)
def test_who_refuses_for_another_reason_is_quoted(cluster, launch, message):
    cluster.fail(403, message=message, verb="create")
    with pytest.raises(InputError, match=f"refuses it .403.: {message}$"):
        launch()


def test_nowhere_is_told(launch, monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"no access to Kubernetes .* set KUBECONFIG"):
        launch()
