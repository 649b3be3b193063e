import json

import pytest
import yaml

from pipeline import cli
from pipeline.commands.run import DEMO_CHECKPOINT


def ended(argv):
    """The exit code of a command line."""
    try:
        return cli.main(argv)
    except SystemExit as end:
        return end.code


@pytest.mark.parametrize(
    "command", [module.__name__.rpartition(".")[2].replace("_", "-") for module in cli.COMMANDS]
)
def test_help_of_each_command_has_an_example(command, capsys):
    assert ended([command, "--help"]) == 0
    assert f"example:\n  biotune {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run", "--datset", "d"], "unknown option --datset; did you mean --dataset?"),
        (["run", "--data", "d"], "unknown option --data; did you mean --dataset?"),
        (["compile", "a=1"], "unexpected argument 'a=1'"),
        (["run", "--dataset", "d"], "--checkpoint: missing; name both, or neither for the demo"),
        (["run", "--checkpoint", "c"], "--dataset: missing; name both, or neither for the demo"),
        (["compile", "-o", "x.txt"], "--output x.txt: must end in .yaml or .yml"),
        (["compile", "-o", "none/x.yaml"], "--output none/x.yaml: cannot be written"),
        (["run", "--seeds", "0,0"], "argument --seeds: 0,0: each seed once, and from 0 to"),
        (["compile", "--seeds", "4294967296"], "argument --seeds: 4294967296: each seed once"),
        (["compile", "--seeds", "0,1", "--promote"], "promotion and seeds exclude each other"),
        (["run", "trainer.num_nodes=2"], "trainer.num_nodes=2: must be 1: several nodes train"),
        (["run", "--runner", "docker", "trainer.num_nodes=2"], "trainer.num_nodes=2: must be 1"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ended(argv) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"error: {message}")
    assert not any(tmp_path.iterdir())


def test_a_run_ends_with_its_metrics_and_its_report(steps, tmp_path, capsys):
    out = tmp_path / "out"
    argv = ["run", "--checkpoint", "c", "seed=1", "--dataset", "d", "--out", str(out), "seed=2"]
    assert ended(argv) == 0
    shown = capsys.readouterr().out
    assert "acc" in shown and "0.7500" in shown and "0.5000 to 0.8750" in shown
    assert "undefined: one class" in shown
    assert shown.splitlines()[-1] == f"Report: {out}/evaluation/report.html"
    config = json.loads((out / "model/config.yaml").read_text())
    assert config["overrides"] == ["seed=1", "seed=2"]


def test_without_checkpoint_and_dataset_it_is_the_demo(steps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ended(["run", "seed=3"]) == 0
    (run,) = (tmp_path / "runs").iterdir()
    report = json.loads((run / "backbone/report.json").read_text())
    assert report["checkpoint"] == str(DEMO_CHECKPOINT)
    assert report["config"]["overrides"] == ["experiment=demo", "seed=3"]


@pytest.mark.parametrize(
    ("order", "code", "lines"),
    [
        ("wrong input", 2, ["error: first thing wrong", "error: second thing wrong"]),
        ("no service", 1, ["error: s3://x: out of reach"]),
        ("crash", 1, ["error: evaluate crashed: ValueError: a fault in two lines"]),
        (
            "killed",
            1,
            [
                "error: evaluate was killed by SIGKILL (exit code 137), "
                "most often because memory ran out"
            ],
        ),
    ],
)
def test_a_run_ends_as_its_step_ended(steps, tmp_path, capsys, order, code, lines):
    steps(evaluate=order)
    argv = ["run", "--checkpoint", "c", "--dataset", "d", "--out", str(tmp_path / "out")]
    assert ended(argv) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[-len(lines) :] == lines
    assert all(captured.err.count(line) == 1 for line in lines)


def test_the_pipeline_is_written_as_yaml(tmp_path, capsys):
    file = tmp_path / "biotune.yaml"
    assert ended(["compile", "-o", str(file)]) == 0
    assert capsys.readouterr().out.strip() == str(file)
    pipeline, _ = yaml.safe_load_all(file.read_text())  # the second one is Kubernetes' own
    assert pipeline["pipelineInfo"]["name"] == "biotune"
