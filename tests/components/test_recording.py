"""What a step that fails leaves behind, and where."""

import json
import logging
import os
import signal
import subprocess
import sys

import pytest

from components import console, failures, recording
from components.logbook import KEPT

log = logging.getLogger("biotune")


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A durable prefix, and the run and pod that the cluster names."""
    monkeypatch.setenv("BIOTUNE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("BIOTUNE_RUN", "run-7")
    monkeypatch.setenv("BIOTUNE_POD", "pod-a")
    return tmp_path / "runs"


def fail(folder, error, step="finetune"):
    with pytest.raises(type(error)), recording.recorded(folder, step):
        raise error
    return json.loads((folder / "failure.json").read_text())


def test_a_record_says_what_where_and_when(tmp_path):
    record = fail(tmp_path / "out", failures.InputError("num_classes=1: too few"))
    time = record.pop("time")
    assert time.endswith("+00:00")
    assert record == {
        "kind": "input",
        "message": "num_classes=1: too few",
        "exit_code": 2,
        "step": "finetune",
        "log": [],
    }


def test_the_last_lines_are_there_without_what_is_secret(root_logger, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefghijkl")
    console.log_plainly()
    for number in range(KEPT + 50):
        log.info("line %d with hf_abcdefghijkl", number)
    logging.getLogger("botocore").info("not shown, so not kept")
    record = fail(tmp_path, failures.Failure("refused: hf_abcdefghijkl"))
    assert len(record["log"]) == KEPT
    assert record["log"][0].endswith("INFO line 50 with ***")
    assert record["log"][-1].endswith(f"INFO line {KEPT + 49} with ***")
    assert "hf_abc" not in (tmp_path / "failure.json").read_text()


def test_a_crash_brings_its_last_frames(tmp_path, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "swordfish")

    def deep(depth):
        return deep(depth - 1) if depth else {}["swordfish"]

    with pytest.raises(KeyError), recording.recorded(tmp_path):
        deep(50)
    record = json.loads((tmp_path / "failure.json").read_text())
    assert (record["kind"], record["exit_code"]) == ("crash", 1)
    assert record["message"] == "KeyError: '***'"
    assert record["traceback"][-1] == "KeyError: '***'"
    assert len(record["traceback"]) < 60
    assert "swordfish" not in json.dumps(record)


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (KeyboardInterrupt(), "interrupted", 130),
        (SystemExit(143), "stopped by SIGTERM", 143),
        (SystemExit(3), "ended with exit code 3", 3),
    ],
)
def test_a_stop_is_no_crash(error, message, code, tmp_path):
    record = fail(tmp_path, error)
    assert (record["kind"], record["message"], record["exit_code"]) == ("stopped", message, code)
    assert "traceback" not in record


def test_a_step_that_ends_well_by_itself_leaves_nothing(tmp_path):
    with pytest.raises(SystemExit), recording.recorded(tmp_path):
        raise SystemExit(0)
    assert not list(tmp_path.iterdir())


def test_the_record_outlives_the_pod(runs, tmp_path):
    fail(tmp_path / "out", failures.ServiceError("s3://x: out of reach"))
    kept = runs / "run-7" / "finetune" / "pod-a" / "failure.json"
    assert kept.read_text() == (tmp_path / "out" / "failure.json").read_text()


def test_a_part_of_a_step_is_not_taken_for_a_step(runs, tmp_path):
    fail(tmp_path / "out", failures.Failure("a worker's"), step="")
    assert not runs.exists()


@pytest.mark.parametrize("place", ["/dev/null/runs", "ftp://example.com/runs", "s3://"])
def test_a_record_that_cannot_be_put_hides_nothing(place, runs, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("BIOTUNE_RUNS", place)
    record = fail(tmp_path, failures.InputError("the real reason"))
    assert record["message"] == "the real reason"
    assert "BIOTUNE_RUNS: the record of the failure can't be put there" in caplog.text


def test_a_folder_that_cannot_be_written_hides_nothing(runs, tmp_path, caplog):
    (tmp_path / "file").touch()
    with (
        pytest.raises(failures.Failure, match="the real"),
        recording.recorded(tmp_path / "file" / "out", "evaluate"),
    ):
        raise failures.Failure("the real reason")
    assert (runs / "run-7" / "evaluate" / "pod-a" / "failure.json").exists()
    assert "failure.json can't be left there" in caplog.text


@pytest.mark.s3
def test_the_durable_prefix_may_lie_in_s3(s3, runs, tmp_path, monkeypatch):
    monkeypatch.setenv("BIOTUNE_RUNS", s3.uri("biotune/runs"))
    fail(tmp_path, failures.Failure("no"), step="load-checkpoint")
    assert s3.keys() == ["biotune/runs/run-7/load-checkpoint/pod-a/failure.json"]


def test_a_step_that_is_terminated_leaves_its_record_before_it_ends(runs, tmp_path):
    program = f"""
import time
from pathlib import Path
from components import console, failures, recording
console.log_plainly()
with console.told(), recording.recorded(Path({str(tmp_path / "out")!r}), "finetune"):
    print("ready", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as child:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=50) == 143
    record = json.loads((runs / "run-7/finetune/pod-a/failure.json").read_text())
    assert (record["kind"], record["exit_code"]) == ("stopped", 143)


def test_another_process_failure_is_raised_again_with_its_own_lines(tmp_path):
    worker = {"kind": "input", "message": "bad", "exit_code": 2, "log": ["the worker's line"]}
    with pytest.raises(failures.InputError), recording.recorded(tmp_path, "finetune"):
        failures.reraise(worker)
    assert json.loads((tmp_path / "failure.json").read_text())["log"] == ["the worker's line"]
