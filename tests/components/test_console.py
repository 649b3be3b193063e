import json
import logging
import subprocess
import sys

import pytest

from components import console, failures, recording


def test_each_finding_is_a_line_and_the_exit_code_is_the_failures(capsys):
    with pytest.raises(SystemExit) as end, console.told():
        raise failures.Findings(["num_classes=1: too few", "seed=x: no number"])
    assert end.value.code == 2
    assert capsys.readouterr().err == "error: num_classes=1: too few\nerror: seed=x: no number\n"


def test_a_fault_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), console.told():
        1 / 0  # noqa: B018


def test_a_step_that_is_told_still_leaves_its_record(tmp_path):
    with pytest.raises(SystemExit), console.told(), recording.recorded(tmp_path):
        raise failures.ServiceError("s3://x: out of reach")
    record = json.loads((tmp_path / "failure.json").read_text())
    expected = {"kind": "service", "message": "s3://x: out of reach", "exit_code": 1}
    assert expected.items() <= record.items()


def test_lines_are_plain_and_those_of_libraries_are_left_out(root_logger, capsys):
    console.log_plainly()
    logging.getLogger("biotune").info("epoch 1")
    logging.getLogger("botocore.credentials").info("Found credentials in environment variables.")
    logging.getLogger("biotune").debug("detail")
    assert capsys.readouterr().err == "epoch 1\n"


def test_a_line_shows_no_credential_and_neither_does_a_finding(root_logger, capsys, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very/secret+key")
    console.log_plainly()
    logging.getLogger("biotune").info("asking %s", "https://me:pass@example.com/?sig=abcdef")
    with pytest.raises(SystemExit), console.told():
        raise failures.InputError("the key very/secret+key is refused")
    told = capsys.readouterr().err
    assert told == ("asking https://***@example.com/?sig=***\nerror: the key *** is refused\n")


def test_a_crash_is_told_without_a_credential():
    program = """
import os
from components import console
os.environ["REGISTRY_PASSWORD"] = "hunter2hunter2"
console.log_plainly()
with console.told():
    raise ValueError("login with hunter2hunter2 failed")
"""
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert child.returncode == 1
    assert child.stderr.endswith("ValueError: login with *** failed\n")
    assert "hunter2" not in child.stderr


def test_a_warning_of_python_is_one_of_the_last_lines():
    program = """
import warnings
from components import console
from components.logbook import last_lines
console.log_plainly()
warnings.warn("too few workers")
print(last_lines())
"""
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "UserWarning: too few workers" in child.stderr
    assert "UserWarning: too few workers" in child.stdout


def test_a_quiet_process_only_warns(root_logger, capsys):
    console.log_plainly(quiet=True)
    logging.getLogger("biotune").info("epoch 1")
    logging.getLogger("biotune").warning("no GPU")
    assert capsys.readouterr().err == "no GPU\n"


def test_a_stopped_command_leaves_nothing_half_written(tmp_path):
    program = f"""
import time
from pathlib import Path
from components import artifacts, console
with console.told(), artifacts.publish(Path({str(tmp_path / "out")!r})) as folder:
    (folder / "half").touch()
    print("writing", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "writing\n"
        assert list(tmp_path.iterdir())
        child.terminate()
        assert child.wait(timeout=50) == 143
    assert not list(tmp_path.iterdir())
