"""Each step by `docker run`, as docs/docker.md has it, with no right that can be taken away."""

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.docker

HOME = Path(__file__).parents[2]
LOCKED = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--network", "none"]
DEMO = ["--checkpoint", "/demo/pretrained.ckpt"]
DATA = ["--dataset", "/demo"]
SHORT = ["trainer.max_epochs=1", "trainer.limit_train_batches=2", "trainer.accelerator=cpu"]


@pytest.fixture
def step(daemon, image, tmp_path):
    """Runs a step's image as the user 1000; its folder /work is the test's."""
    tmp_path.chmod(0o777)

    def run(step, *words, name=None):
        mounts = ["-v", f"{HOME / 'pipeline/demo'}:/demo:ro", "-v", f"{tmp_path}:/work"]
        command = ["docker", "run", "--rm", *LOCKED, "--user", "1000:1000", *mounts]
        words = [*command, image(step), *words]
        return subprocess.run(words, capture_output=True, text=True)

    return run


def test_every_step_runs_without_rights_or_network(step, tmp_path):
    for image, *words in (
        ("load-checkpoint", "preflight", *DEMO, *DATA, "experiment=demo"),
        ("load-checkpoint", "load-checkpoint", *DEMO, "--output", "backbone"),
        ("finetune", "finetune", "--backbone", "backbone", *DATA, "--output", "model",
         "experiment=demo", *SHORT),
        ("evaluate", "evaluate", "--model", "model", *DATA, "--output", "evaluation"),
        ("predict", "predict", "--model", "model", "--data", "/demo", "-o", "predictions.parquet"),
        ("predict", "export", "--model", "model", "--data", "/demo", "-o", "model.onnx"),
    ):  # fmt: skip
        done = step(image, *words)
        assert done.returncode == 0, (words, done.stderr)
    assert {"predictions.parquet", "model.onnx"} <= {file.name for file in tmp_path.iterdir()}
    assert 0 <= json.loads((tmp_path / "evaluation/metrics.json").read_text())["test_acc"] <= 1
    for folder in ("backbone", "model", "evaluation"):
        assert (tmp_path / folder).stat().st_uid == 1000


def test_help_is_what_an_image_says_without_a_word(step):
    assert step("load-checkpoint").stdout == step("load-checkpoint", "--help").stdout
    assert "usage: " in step("load-checkpoint").stdout


def test_what_is_no_step_is_passed_through(step):
    done = step("load-checkpoint", "sh", "-ec", 'echo "$0 $1"', "as kubeflow", "has it")
    assert done.stdout == "as kubeflow has it\n"


def test_wrong_input_ends_with_2(step):
    done = step("load-checkpoint", "load-checkpoint", "--checkpoint", "none", "--output", "b")
    assert done.returncode == 2
    assert done.stderr.startswith("error: none: ") and done.stderr.count("\n") == 1


def test_a_folder_components_of_the_users_does_not_shadow_ours(step, tmp_path):
    (tmp_path / "components").mkdir()
    (tmp_path / "components/__init__.py").write_text("raise RuntimeError('not ours')")
    assert step("load-checkpoint", "describe", "--help").returncode == 0
