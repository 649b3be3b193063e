import json
import logging
import subprocess
import sys

import pytest

from components import console, failures


def test_each_finding_is_a_line_and_the_exit_code_is_the_failures(capsys):
    with pytest.raises(SystemExit) as end, console.told():
        raise failures.Findings(["num_classes=1: too few", "seed=x: no number"])
    assert end.value.code == 2
    assert capsys.readouterr().err == "error: num_classes=1: too few\nerror: seed=x: no number\n"


def test_a_fault_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), console.told():
        1 / 0  # noqa: B018


def test_a_step_that_is_told_still_leaves_its_record(tmp_path):
    with pytest.raises(SystemExit), console.told(), failures.recorded(tmp_path):
        raise failures.ServiceError("s3://x: out of reach")
    record = json.loads((tmp_path / "failure.json").read_text())
    assert record == {"kind": "service", "message": "s3://x: out of reach", "exit_code": 1}


@pytest.fixture
def root_logger():
    root, ours = logging.getLogger(), logging.getLogger("biotune")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], level, ours_level = before
    root.setLevel(level)
    ours.setLevel(ours_level)


def test_lines_are_plain_and_those_of_libraries_are_left_out(root_logger, capsys):
    console.log_plainly()
    logging.getLogger("biotune").info("epoch 1")
    logging.getLogger("botocore.credentials").info("Found credentials in environment variables.")
    logging.getLogger("biotune").debug("detail")
    assert capsys.readouterr().err == "epoch 1\n"


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
        assert child.wait(timeout=10) == 143
    assert not list(tmp_path.iterdir())
