"""A training on several nodes, against a stand-in for a cluster that is as strict as the CRD."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components import handover
from components.failures import Failure, InputError
from components.train_job.component import component
from tests.kubernetes_server.cluster import MODEL
from tests.kubernetes_server.launching import CONFIG, FAST, JOB, NAME
from tests.kubernetes_server.state import now

RUNNING, SEEN = (0.0, "run", {}), (0.0, "watched", {})
DONE = [RUNNING, (0.0, "deliver", {}), (0.0, "succeed", {})]


def test_a_training_goes_from_the_queue_to_its_model(cluster, launch, caplog, contents):
    cluster.script = [
        (0.0, "suspend", {"message": "no quota yet"}),
        SEEN,
        (0.0, "place", {"problem": "0/3 nodes are available: Insufficient nvidia.com/gpu"}),
        SEEN,
        (0.0, "run", {"lines": ["epoch 1 of 2", "{'a': 'line like JSON'}"]}),
        SEEN,
        (0.0, "say", {"lines": ["epoch 2 of 2"]}),
        (0.0, "deliver", {}),
        (0.0, "succeed", {}),
    ]
    assert contents(launch()) == MODEL
    states = [
        "asks for 2 nodes",
        "waits in the queue for 2 nodes: no quota yet",
        "waits for its nodes, 0 of 2 run: 0/3 nodes are available: Insufficient nvidia.com/gpu",
        "at work on 2 nodes",
        "done: all jobs completed successfully",
        "is deleted",
    ]
    lines = ["epoch 1 of 2", "{'a': 'line like JSON'}", "epoch 2 of 2"]
    told = [record.message for record in caplog.records]
    assert [line for line in told if line.startswith(NAME)] == [f"{NAME}: {s}" for s in states]
    assert [line for line in told if line in lines] == lines
    assert told.index("epoch 2 of 2") < told.index(f"{NAME}: {states[-2]}")
    assert cluster.state.jobs == {}


def test_the_job_says_whose_it_is_and_what_is_to_be_done(cluster, launch, place, tmp_path):
    cluster.script = DONE
    launch()
    [job] = cluster.state.created
    assert job["metadata"]["labels"] == {
        "kueue.x-k8s.io/queue-name": "gpus",
        "biotune.io/run": "run-7",
        "biotune.io/key": "training",
    }
    [owner] = job["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == (
        "Workflow",
        "biotune-abc",
        "uid-of-biotune-abc",
    )
    assert job["spec"]["trainer"]["args"] == [place.uri]
    assert {"name": "BIOTUNE_RUN", "value": "run-7"} in job["spec"]["trainer"]["env"]
    asked = place.take(tmp_path / "node")
    assert (asked.dataset, asked.config, asked.nodes) == ("s3://data/emg", CONFIG, 2)
    assert (asked.backbone / "backbone.safetensors").read_bytes() == b"pretrained"


@pytest.mark.parametrize("seed, fold, key", [(5, 0, "seed-5"), (-1, 2, "fold-2")])
def test_kfp_gets_a_model_and_each_training_its_job(
    cluster, backbone, tmp_path, contents, monkeypatch, seed, fold, key
):
    monkeypatch.setattr("components.train_job.step.Pace", lambda: FAST)
    cluster.script = DONE
    artifacts = [type("Artifact", (), {"path": str(p)})() for p in (backbone, tmp_path / "out")]
    config = {**CONFIG, "data": {"fold": None}}
    component("image").python_func(
        "s3://data/emg", json.dumps(config), json.dumps(JOB), 60, *artifacts, seed, fold
    )
    assert contents(tmp_path / "out") == MODEL
    assert cluster.state.created[0]["metadata"]["labels"]["biotune.io/key"] == key
    asked = handover.of_training(key).take(tmp_path / "node").config
    assert (asked["seed"], asked["data"]["fold"]) == (5 if seed > 0 else 3, fold or None)


def test_a_job_that_ends_well_without_a_model_has_failed(cluster, launch):
    cluster.script = [RUNNING, (0.0, "succeed", {})]
    with pytest.raises(Failure, match="ended without a model"):
        launch()
    assert cluster.state.jobs == {}


def test_a_model_that_was_delivered_is_taken_whatever_became_of_the_job(
    cluster, launch, contents, caplog
):
    cluster.script = [RUNNING, (0.0, "deliver", {}), (0.0, "give_up", {})]
    assert contents(launch()) == MODEL
    assert f"{NAME}: has delivered its model before it failed" in caplog.text
    assert cluster.state.jobs == {}


def test_a_model_that_is_torn_is_trained_again(cluster, launch, place, contents, caplog):
    def tear(name):
        cluster.deliver(name)
        for file in Path(place.uri, "model").iterdir():
            file.write_bytes(b"torn")

    cluster.tear = tear
    cluster.script = [RUNNING, (0.0, "tear", {}), (0.0, "succeed", {})]
    with pytest.raises(InputError, match="torn or was changed"):
        launch()
    cluster.script = DONE
    assert contents(launch()) == MODEL
    assert "is not whole, it is trained again" in caplog.text


def test_an_api_that_is_away_does_not_keep_the_launcher_silent(cluster, launch, place):
    heard = []
    cluster.script = DONE
    cluster.at("get", "pods", "before", lambda: heard.append(place.heard()))
    launch()
    assert heard[0], "the nodes of an earlier try hear of it before it waits for the API"


def test_a_job_that_can_t_be_deleted_hides_no_failure(cluster, launch, caplog):
    cluster.script = [RUNNING, (0.0, "give_up", {})]
    cluster.rights.discard("delete trainjobs")
    with pytest.raises(Failure, match="jobset failed"):
        launch()
    assert "can't be deleted" in caplog.text and "cannot delete trainjobs" in caplog.text


def test_who_waits_in_the_queue_for_too_long_leaves_it(cluster, launch):
    cluster.script = [(0.0, "suspend", {"message": "quota is used up"})]
    with pytest.raises(Failure, match=r"quota is used up; that is longer than train_job.queue_t"):
        launch(queue_timeout=0.1)
    assert cluster.state.jobs == {}


def an_hour_old(cluster, job, **pods):
    """A job of an hour ago; so old are its pods, too, where it has any, or they are as given."""
    before = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    job["metadata"]["creationTimestamp"] = before
    job["status"]["conditions"] = []
    for pod in cluster.state.pods_of(NAME):
        pod["metadata"]["creationTimestamp"] = before
        pod |= pods


@pytest.mark.parametrize("where", ["suspend", "place"])
def test_the_time_in_the_queue_goes_on_where_an_earlier_try_has_waited(cluster, launch, where):
    def old(job):
        getattr(cluster, where)(NAME)
        an_hour_old(cluster, job)

    cluster.state.made = old
    with pytest.raises(Failure, match=r"longer than train_job.queue_timeout \(1800 s\)"):
        launch(queue_timeout=1800)
    assert cluster.state.jobs == {}


AGAIN = {
    "old pods end": lambda cluster, job: (
        cluster.place(NAME),
        an_hour_old(cluster, job, status={"phase": "Failed"}),
    ),
    "none is there": lambda cluster, job: (
        cluster.place(NAME),
        an_hour_old(cluster, job),
        cluster.state.pods.clear(),
    ),
    "new ones are there": lambda cluster, job: (
        cluster.place(NAME),
        an_hour_old(cluster, job),
        [pod["metadata"].update(creationTimestamp=now()) for pod in cluster.state.pods_of(NAME)],
    ),
}


@pytest.mark.parametrize("begin_again", AGAIN.values(), ids=AGAIN)
def test_nodes_that_start_again_meanwhile_have_not_waited(cluster, launch, contents, begin_again):
    def old(job):
        begin_again(cluster, job)
        begin(job)

    begin, cluster.state.made = cluster.state.made, old
    cluster.script = [SEEN, *DONE]
    assert contents(launch(queue_timeout=1800)) == MODEL


def test_a_node_that_is_started_again_is_heard_again(cluster, launch, caplog):
    def restart():
        cluster.end(NAME, 0, 1)
        cluster.state.pods[cluster.node(NAME, 0)]["metadata"]["creationTimestamp"] = "2026-01-01"
        cluster.place(NAME)
        cluster.run(NAME, ["second life"])

    seen = (0.0, "watched", {"times": 6})
    cluster.script = [
        (0.0, "run", {"lines": ["first life"]}),
        seen,
        (0.0, "deliver", {}),
        (0.0, "succeed", {}),
    ]
    cluster.at("get", "pods/log", "after", restart, count=2)
    launch()
    said = [record.message for record in caplog.records if "life" in record.message]
    assert said == ["first life", "second life"]


def test_running_is_no_waiting(cluster, launch, contents):
    def begun(job):
        cluster.run(NAME)
        begin(job)

    begin, cluster.state.made = cluster.state.made, begun
    cluster.script = [(0.3, "deliver", {}), (0.0, "succeed", {})]
    assert contents(launch(queue_timeout=0.05)) == MODEL


@pytest.mark.parametrize("going", [0.0, 0.2])
def test_who_deletes_the_job_ends_the_training(cluster, launch, going):
    def delete():
        with cluster.state.lock:
            cluster.state.delete(NAME, {})

    cluster.state.going = going
    cluster.script = [RUNNING]
    cluster.at("get", "trainjobs", "before", delete, count=5)
    with pytest.raises(Failure, match="someone has deleted this TrainJob"):
        launch()
    assert cluster.state.jobs == {}


def test_a_broken_manifest_names_what_the_cluster_refuses(cluster, launch):
    spec = {**JOB["spec"], "nodes": 2}
    with pytest.raises(InputError, match=r"refuses it \(422\).*'nodes' was unexpected"):
        launch(job={**JOB, "spec": spec})
    assert cluster.state.created == []
