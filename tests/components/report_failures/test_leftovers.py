"""The last task leaves nothing of the run in the cluster, whatever it could read."""

import pytest

from components import handover
from components.failures import InputError, ServiceError
from components.report_failures import leftovers
from components.report_failures.component import component
from tests.kubernetes_server.launching import CONFIG, FAST, JOB, RUN
from tests.kubernetes_server.state import FOREVER


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOTUNE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("BIOTUNE_RUN", RUN)
    return str(tmp_path / "runs")


def job(name, run=RUN):
    return {
        **JOB,
        "metadata": {"name": name, "labels": {"biotune.io/run": run, "biotune.io/key": name}},
    }


def page(tmp_path):
    artifact = type("Artifact", (), {"path": str(tmp_path / "page.html"), "metadata": {}})()
    component("image").python_func(artifact)


def test_all_jobs_of_the_run_go_and_no_other(kubernetes_server, runs, tmp_path, monkeypatch):
    kubernetes_server.state.going = FOREVER
    for name, run in (("a", RUN), ("b", RUN), ("c", "run-8")):
        kubernetes_server.state.create(job(name, run))
    page(tmp_path)
    assert not kubernetes_server.requests, "a run on one node asks no cluster"
    monkeypatch.setenv(leftovers.ASKED, "true")
    page(tmp_path)
    jobs = kubernetes_server.state.jobs
    going = [name for name in jobs if "deletionTimestamp" in jobs[name]["metadata"]]
    assert going == ["a", "b"]


def test_storage_out_of_reach_does_not_keep_them(kubernetes_server, runs, tmp_path, monkeypatch):
    kubernetes_server.state.create(job("a"))
    monkeypatch.setenv(leftovers.ASKED, "true")

    def away(*_):
        raise ServiceError("out of reach")

    monkeypatch.setattr("components.storage.exists", away)
    with pytest.raises(SystemExit) as ended:
        page(tmp_path)
    assert ended.value.code == 1
    assert kubernetes_server.asked("delete", "trainjobs") == 1


def test_what_can_t_be_deleted_is_a_failure(kubernetes_server, runs):
    kubernetes_server.state.create(job("a"))
    kubernetes_server.rights.discard("delete trainjobs")
    with pytest.raises(InputError, match="cannot delete trainjobs"):
        leftovers.remove(runs, RUN, FAST)


def test_space_that_can_t_be_freed_keeps_nothing_else(kubernetes_server, runs, monkeypatch, caplog):
    def crash(place):
        assert kubernetes_server.asked("delete", "trainjobs") == 1, "the job goes first"
        tried.append(place.uri.rpartition("/")[2])
        raise KeyError("files")

    tried = []
    kubernetes_server.state.create(job("a"))
    for key in ("seed-0", "seed-1"):
        handover.Handover(f"{runs}/{RUN}/finetune/{key}").offer("data", CONFIG, None, 2)
    monkeypatch.setattr(handover.Handover, "clear", crash)
    assert leftovers.remove(runs, RUN, FAST) == ["a"]
    assert sorted(tried) == ["seed-0", "seed-1"]
    assert "what the nodes were given can't be removed" in caplog.text


def test_the_space_of_a_model_that_was_taken_is_freed(kubernetes_server, runs, tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    (made / "model.safetensors").write_bytes(b"tuned")
    for key, taken in (("seed-0", True), ("seed-1", False)):
        place = handover.Handover(f"{runs}/{RUN}/finetune/{key}")
        place.offer("data", CONFIG, None, 2)
        place.deliver(made)
        if taken:
            place.taken()
    leftovers.remove(runs, RUN, FAST)
    places = [handover.Handover(f"{runs}/{RUN}/finetune/{key}") for key in ("seed-0", "seed-1")]
    assert [place.delivered() for place in places] == [False, True]
