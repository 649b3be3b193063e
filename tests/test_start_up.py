"""What a command imports before it does anything: the waiting that users see."""

import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[1] / "pipeline" / "demo"
AFTER = """
import sys
from {} import main
try:
    main({})
except SystemExit as end:
    assert not end.code, end.code
print(*sys.modules)
"""
BEYOND = """
import sys
import torch, lightning, timm, torchmetrics, h5py, hydra
before = set(sys.modules)
import components.config, components.finetune.step
late = "torch.distributed.elastic"
assert late not in sys.modules, f"{late} is for who starts several processes"
print(*set(sys.modules) - before)
"""

SWEPT = """
import gc
sweeps = []
gc.callbacks.append(lambda phase, info: sweeps.append(phase))
from components.__main__ import main
try:
    main({})
except SystemExit as end:
    assert end.code == 2 and "torch" in __import__("sys").modules
assert gc.isenabled()
print(len(sweeps))
"""


def told(program: str) -> set[str]:
    """The packages that a program prints modules of."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


def test_help_waits_for_no_library():
    libraries = {"torch", "kfp", "hydra", "omegaconf", "boto3", "h5py", "numpy", "kubernetes"}
    assert not told(AFTER.format("pipeline.cli", ["--help"])) & libraries


def test_load_checkpoint_waits_for_neither_torch_nor_s3(tmp_path):
    given = ["--checkpoint", str(DEMO / "pretrained.ckpt"), "--output", str(tmp_path / "out")]
    words = ["load-checkpoint", *given, "experiment=demo"]
    found = told(AFTER.format("components.__main__", words))
    assert not found & {"torch", "kfp", "lightning", "boto3", "h5py", "safetensors", "jinja2"}


def test_finetune_imports_no_library_beyond_those_of_a_bare_script():
    beyond = told(BEYOND) - set(sys.stdlib_module_names)
    assert beyond <= {"components", "torch", "lightning", "timm", "hydra", "omegaconf", "antlr4"}


@pytest.mark.parametrize("step", [["finetune"], ["evaluate", "--model", "none"]])
def test_what_is_imported_is_not_looked_through_for_garbage(tmp_path, step):
    """Which would be done above two thousand times, and take a fifth of the time."""
    words = [*step, "--dataset", "none", "--output", str(tmp_path / "out"), "experiment=demo"]
    (sweeps,) = told(SWEPT.format(words))
    assert int(sweeps) < 1000
