"""The page of a run's failures, from records as steps leave them."""

import json
from html.parser import HTMLParser

import pytest

from components import storage
from components.failures import Failure, InputError, ServiceError
from components.recording import recorded
from components.report_failures.component import component
from components.report_failures.step import NOWHERE, run


@pytest.fixture
def fail(tmp_path, monkeypatch):
    """Lets a step fail as it does in a pod."""

    def failed(step, pod, error, at=None):
        monkeypatch.setenv("BIOTUNE_RUNS", str(tmp_path / "runs"))
        monkeypatch.setenv("BIOTUNE_RUN", "run-7")
        monkeypatch.setenv("BIOTUNE_POD", pod)
        with pytest.raises(type(error)), recorded(tmp_path / "out", step):
            raise error
        if at:
            file = tmp_path / "runs" / "run-7" / step / pod / "failure.json"
            file.write_text(json.dumps(json.loads(file.read_text()) | {"time": at}))

    return failed


@pytest.fixture
def gather(tmp_path):
    return lambda run_id="run-7": run(str(tmp_path / "runs"), run_id, tmp_path / "report")


class Page(HTMLParser):
    """The text of a page, its tags, and the JSON in it."""

    def __init__(self, text):
        super().__init__()
        self.text, self.tags, self.data = "", [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][1].get("id") == "failures" and not self.data:
            self.data = data
        self.text += data


def test_what_a_training_keeps_beside_the_records_is_no_failure(tmp_path, gather):
    state = tmp_path / "runs" / "run-7" / "resume" / ("0" * 20) / "latest.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    done = gather()
    assert done.attempts == []
    assert "No step recorded a failure." in done.page.read_text()


def test_a_stray_file_costs_no_record(tmp_path, fail, gather):
    fail("finetune", "pod-1", Failure("out of memory"))
    run_folder = tmp_path / "runs" / "run-7"
    (run_folder / ".DS_Store").touch()
    (run_folder / "finetune" / ".lock").touch()
    assert [(a.pod, a.message) for a in gather().attempts] == [("pod-1", "out of memory")]


def test_a_step_that_may_not_be_read_costs_itself_alone(fail, gather, monkeypatch):
    fail("finetune", "pod-1", Failure("out of memory"))
    fail("evaluate", "pod-2", Failure("no disk"))
    listing = storage.listing

    def refused(uri):
        if uri.endswith("evaluate"):
            raise InputError(f"{uri}: may not be read")
        return listing(uri)

    monkeypatch.setattr(storage, "listing", refused)
    done = gather()
    assert [a.message for a in done.attempts] == ["out of memory"]
    assert done.note.endswith("evaluate: may not be read")
    assert "evaluate: may not be read" in done.page.read_text()


def test_the_newest_step_comes_first_and_of_each_its_newest_attempt(fail, gather):
    fail("finetune", "pod-1", ServiceError("out of reach"), "2026-01-01T00:00:01+00:00")
    fail("finetune", "pod-2", Failure("out of memory"), "2026-01-01T00:00:09+00:00")
    fail("evaluate", "pod-3", InputError("no test.h5"), "2026-01-01T00:00:05+00:00")
    done = gather()
    found = [(a.step, a.pod, a.kind, a.exit_code) for a in done.attempts]
    assert found == [
        ("finetune", "pod-2", "failed", 1),
        ("finetune", "pod-1", "service", 1),
        ("evaluate", "pod-3", "input", 2),
    ]
    page = Page(done.page.read_text())
    places = [page.text.index(told) for told in ("out of memory", "out of reach", "no test.h5")]
    assert places == sorted(places)
    assert json.loads(page.data) == json.loads((done.page.parent / "failures.json").read_text())
    assert [f["pod"] for f in json.loads(page.data)["failures"]] == ["pod-2", "pod-1", "pod-3"]


def test_what_a_step_said_is_text_and_nothing_else(fail, gather):
    fail("finetune", "pod-1", Failure("</script><script>alert(1)</script><img src=x onerror=y>"))
    page = Page(gather().page.read_text())
    assert [tag for tag, _ in page.tags if tag in ("script", "img")] == ["script"]
    assert "<img src=x onerror=y>" in page.text
    assert not [a for _, a in page.tags if {"src", "href"} & a.keys()], "self-contained"


def test_a_crash_shows_its_frames(fail, gather):
    fail("evaluate", "pod-1", ZeroDivisionError("division by zero"))
    assert "Traceback (most recent call last)" in Page(gather().page.read_text()).text


def test_no_failure_is_said(gather, fail):
    fail("finetune", "pod-1", Failure("of another run"))
    done = gather("run-8")
    assert (done.attempts, done.note) == ([], "")
    text = Page(done.page.read_text()).text
    assert "No step recorded a failure" in text and "killed from outside" in text


def test_without_a_prefix_it_says_that_nothing_is_known(tmp_path):
    done = run("", "run-7", tmp_path / "report")
    assert done.note == NOWHERE and NOWHERE in Page(done.page.read_text()).text


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"kind": 3}', '{"log": "x"}'])
def test_a_record_cut_off_does_not_hide_the_others(content, fail, gather, tmp_path):
    fail("finetune", "pod-1", Failure("out of memory"))
    odd = tmp_path / "runs" / "run-7" / "finetune" / "pod-2"
    odd.mkdir()
    (odd / "failure.json").write_text(content)
    found = {attempt.pod: attempt.kind for attempt in gather().attempts}
    assert found == {"pod-1": "failed", "pod-2": "unreadable"}


@pytest.mark.s3
def test_records_lie_in_s3(s3, fail, tmp_path, monkeypatch):
    from components import storage

    fail("finetune", "pod-1", Failure("out of memory"))
    storage.put(tmp_path / "runs", s3.uri("biotune/runs"))
    done = run(s3.uri("biotune/runs"), "run-7", tmp_path / "report")
    assert [a.message for a in done.attempts] == ["out of memory"]
    assert run(s3.uri("biotune/runs"), "run-8", tmp_path / "none").note == ""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ServiceError):
        run(s3.uri("biotune/runs"), "run-7", tmp_path / "unreachable")


def test_kfp_gets_one_page(fail, tmp_path):
    fail("finetune", "pod-1", Failure("out of memory"))
    artifact = type("Artifact", (), {"path": str(tmp_path / "page.html"), "metadata": {}})()
    component("image").python_func(artifact)
    assert "out of memory" in (tmp_path / "page.html").read_text()
    assert artifact.metadata == {"attempts": 1}
