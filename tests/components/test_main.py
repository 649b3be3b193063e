import json
import sys
import types

import pytest

from components import __main__ as command
from components.failures import Findings

DEMO = ["experiment=demo"]


def ended(argv):
    """The exit code of a command line."""
    try:
        return command.main(argv)
    except SystemExit as end:
        return end.code


@pytest.fixture
def step(monkeypatch):
    """Puts a function in place of a step's `run` and keeps what it was called with."""

    def replace(name, result=None, error=None):
        calls = []

        def run(*args, **kwargs):
            calls.append((args, kwargs))
            if error:
                raise error
            return result

        module = types.ModuleType(f"components.{name}.step")
        module.run = run
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return calls

    return replace


@pytest.mark.parametrize(
    "name", ["describe", "preflight", "load-checkpoint", "finetune", "evaluate", "promote"]
)
def test_help_of_each_step_has_an_example(name, capsys):
    assert ended([name, "--help"]) == 0
    assert f"example:\n  python -m components {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["finetune", "--dataset", "d"], "the following arguments are required: --output"),
        (
            ["finetune", "--backbnoe", "b", "--dataset", "d", "--output", "o"],
            "unknown option --backbnoe; did you mean --backbone?",
        ),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(argv, message, capsys):
    assert ended(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {message}")


def test_a_wrong_key_is_told_with_the_right_one(step, capsys):
    calls = step("finetune")
    argv = ["finetune", "--dataset", "d", "--output", "o", *DEMO, "optimizer.lrr=1"]
    assert ended(argv) == 2
    assert capsys.readouterr().err == (
        "error: optimizer.lrr: no such key; did you mean optimizer.lr?\n"
    )
    assert not calls


def test_overrides_may_stand_anywhere_and_the_last_one_holds(step):
    calls = step("finetune")
    argv = ["finetune", "seed=1", *DEMO, "--dataset", "d", "seed=2", "--output", "o", "seed=3"]
    assert ended(argv) == 0
    (((dataset, output, config), more),) = calls
    assert (dataset, str(output), config["seed"]) == ("d", "o", 3)
    assert more == {"backbone": None}


@pytest.mark.parametrize(
    ("overrides", "classes"),
    [([], 2), (DEMO, 8), (["num_classes=5"], 5), ([*DEMO, "head=true"], 8)],
)
def test_load_checkpoint_alone_brings_the_committed_manifest(step, overrides, classes):
    calls = step("load_checkpoint")
    assert ended(["load-checkpoint", "--checkpoint", "c", "--output", "o", *overrides]) == 0
    (((_, _, config), _),) = calls
    assert config["head"] == ("head=true" in overrides)
    names = {entry["name"]: entry for entry in config["manifest"]["entries"]}
    heads = [entry["shape"] for entry in names.values() if entry["part"] == "head"]
    assert heads and all(shape[0] == classes for shape in heads)


def test_a_head_to_keep_needs_the_task_it_is_for(step, capsys):
    step("load_checkpoint")
    assert ended(["load-checkpoint", "--checkpoint", "c", "--output", "o", "head=true"]) == 2
    told = capsys.readouterr().err
    assert "num_classes is not set" in told and "input_normalization" not in told


def test_a_model_that_is_not_shipped_is_described_first(step):
    calls = step("load_checkpoint")
    deeper = "model.depth=2"
    assert ended(["load-checkpoint", "--checkpoint", "c", "--output", "o", *DEMO, deeper]) == 0
    (((_, _, config), _),) = calls
    parts = {entry["part"] for entry in config["manifest"]["entries"]}
    assert "block 1" in parts and "block 2" not in parts


def test_preflight_tells_all_findings(step, capsys):
    step("preflight", error=Findings(["no checkpoint", "no dataset"]))
    assert ended(["preflight", "--checkpoint", "c", "--dataset", "d", *DEMO]) == 2
    assert capsys.readouterr().err == "error: no checkpoint\nerror: no dataset\n"


def test_preflight_prints_the_slices_as_json(step, capsys):
    checked = types.SimpleNamespace(
        slices={"finetune": {"seed": 0}},
        checkpoint_fingerprint="sha256:1",
        dataset_fingerprints={"train": "sha256:2"},
    )
    step("preflight", checked)
    argv = ["preflight", "--checkpoint", "c", "--dataset", "d", *DEMO]
    assert ended([*argv, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == checked.slices
    assert ended(argv) == 0
    assert "sha256:1" in (shown := capsys.readouterr().out)
    assert "sha256:2" in shown


def test_evaluate_prints_the_metrics_alone_to_stdout(step, capsys, tmp_path):
    report = tmp_path / "report.html"
    step("evaluate", types.SimpleNamespace(metrics={"test_acc": 0.5}, report=report))
    argv = ["evaluate", "--model", "m", "--dataset", "d", "--output", "o"]
    assert ended(argv) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"test_acc": 0.5}
    assert f"Report: {report}" in captured.err


def test_evaluate_takes_a_champion_to_test_beside(step):
    calls = step("evaluate", types.SimpleNamespace(metrics={}, report="r"))
    argv = ["evaluate", "--model", "m", "--dataset", "d", "--output", "o"]
    assert ended([*argv, "--champion", "s3://b/registry/models/f"]) == ended(argv) == 0
    assert [more["champion"] for _, more in calls] == ["s3://b/registry/models/f", ""]


def test_promote_gets_what_decides_and_needs_no_task(step):
    calls = step("promote")
    argv = ["promote", "--model", "m", "--evaluation", "e", "--registry", "s3://b/r"]
    assert ended([*argv, "--output", "o", "promotion.metric=auroc", "promotion.margin=0.01"]) == 0
    (((model, evaluation, registry, output, config), _),) = calls
    assert (str(model), str(evaluation), registry, str(output)) == ("m", "e", "s3://b/r", "o")
    assert config == {"promotion": {"metric": "auroc", "margin": 0.01}}


def test_preflight_tells_the_verdict_of_a_registry(step, capsys):
    checked = types.SimpleNamespace(
        checkpoint_fingerprint="sha256:1", dataset_fingerprints={}, champion="", verdict="train"
    )
    calls = step("preflight", checked)
    argv = ["preflight", "--checkpoint", "c", "--dataset", "d", *DEMO]
    assert ended([*argv, "--registry", "s3://b/r"]) == 0
    assert calls[0][1]["registry"] == "s3://b/r"
    assert capsys.readouterr().out.splitlines()[1:] == ["champion    none", "verdict     train"]


def test_describe_prints_a_manifest(capsys):
    assert ended(["describe", *DEMO]) == 0
    manifest = json.loads(capsys.readouterr().out)
    assert {"name", "shape", "dtype", "part"} == set(manifest["entries"][0])
