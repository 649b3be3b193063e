"""A short run of `fuzz/hdf5.py`; docs/reliability.md tells of long ones."""

import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[3]


@pytest.mark.slow
def test_no_damaged_file_breaks_a_promise(tmp_path):
    command = [sys.executable, "fuzz/hdf5.py", "--inputs", "500", "--seed", "7"]
    done = subprocess.run(
        [*command, "--keep", str(tmp_path)], cwd=HOME, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "500 inputs" in done.stdout and " read\n" in done.stdout
