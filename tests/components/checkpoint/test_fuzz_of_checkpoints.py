"""A short run of `fuzz/checkpoints.py`, and proof that it notices what it looks for."""

import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[3]


def fuzz(tmp_path, inputs, spoil=""):
    program = f"""
import sys
sys.argv = ["x", "--inputs", "{inputs}", "--seed", "7", "--keep", {str(tmp_path)!r}]
from fuzz import campaign, checkpoints, watch
{spoil}
sys.exit(campaign.main(checkpoints.run, "", ""))
"""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=HOME, capture_output=True, text=True)


@pytest.mark.slow
def test_no_input_breaks_a_promise(tmp_path):
    done = fuzz(tmp_path, 4000)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4,000 inputs" in done.stdout


@pytest.mark.parametrize(
    ("spoil", "noticed"),
    [
        (
            "import pickle; from components.checkpoint.pickles import Unpickler\n"
            "Unpickler.find_class = pickle._Unpickler.find_class",
            "ran: ",
        ),
        (
            "from components.checkpoint import opening; opening.shown = lambda uri: 'it'",
            "message: ",
        ),
        (
            "from components.checkpoint import safetensors\n"
            "keep = []\n"
            "safetensors.parsed = lambda text: keep.append(bytes(range(256)) * 2**20)",
            "memory: ",
        ),
    ],
)
def test_a_reader_that_breaks_one_is_noticed(spoil, noticed, tmp_path):
    done = fuzz(tmp_path, 400, spoil)
    assert done.returncode == 1, done.stdout + done.stderr
    assert noticed in done.stderr
