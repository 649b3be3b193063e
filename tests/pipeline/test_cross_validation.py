"""A cross-validation as a pipeline: its tasks, its folders, and what the command line says."""

import json

import pytest

from components.failures import Findings
from components.folds.summary import summarized
from pipeline import cli, local, package
from pipeline.outcome import StepFailed
from tests.components.folds.crossed import results
from tests.made import make_dataset
from tests.pipeline.packages import compiled
from tests.pipeline.test_dag import edges


def test_each_fold_is_trained_and_tested_on_one_backbone(tmp_path, monkeypatch):
    spec, _ = compiled(tmp_path, monkeypatch, folds=3)
    tasks = spec["root"]["dag"]["tasks"]
    found = edges(spec["root"]["dag"])
    assert found["preflight"]["folds"] == 3
    assert sum(name.startswith("load-checkpoint") for name in tasks) == 1
    for fold, suffix in ((1, ""), (2, "-2"), (3, "-3")):
        tuned, tested = found[f"finetune{suffix}"], found[f"evaluate{suffix}"]
        assert tuned["fold"] == tested["fold"] == fold
        assert tuned["backbone"] == "load-checkpoint.backbone"
        assert tested["model"] == f"finetune{suffix}.model"
        assert tasks[f"finetune{suffix}"]["taskInfo"]["name"] == f"finetune, fold {fold}"
        assert tasks[f"finetune{suffix}"]["cachingOptions"]["enableCache"]
    assert {"evaluate", "evaluate-2", "evaluate-3"} <= {*tasks["summarize"]["dependentTasks"]}


@pytest.mark.parametrize(("width", "waits"), [(0, []), (1, ["evaluate-2"]), (2, ["evaluate"])])
def test_no_more_folds_at_once_than_the_profile_says(tmp_path, monkeypatch, width, waits):
    spec, _ = compiled(tmp_path, monkeypatch, f"parallelism: {width}", folds=3)
    needed = spec["root"]["dag"]["tasks"]["finetune-3"]["dependentTasks"]
    assert sorted({*needed} - {"load-checkpoint", "preflight"}) == waits


def run(out):
    local.run("weights.ckpt", "s3://bucket/data", ["a=1"], out=out, folds=3)


def test_a_run_leaves_a_folder_for_each_fold_and_goes_on_where_it_broke_off(
    steps, tmp_path, capfd, monkeypatch
):
    out = tmp_path / "out"
    steps(finetune="fails for fold 2")
    with pytest.raises(StepFailed, match="fold 2 is unlucky"):
        run(out)
    assert {path.name for path in out.iterdir()} > {"backbone", "fold-1", "failure.json"}
    steps()
    capfd.readouterr()
    run(out)
    again = capfd.readouterr().err
    assert "finetune-2" in again and "finetune " not in again and "load-checkpoint" not in again
    assert sorted(p.name for p in out.iterdir() if p.name != ".kfp") == [
        *("backbone", "fold-1", "fold-2", "fold-3", "summary")
    ]
    summary = json.loads((out / "summary/summary.json").read_text())
    assert [fold["test"] for fold in summary["folds"]] == [["s1"], ["s2"], ["s3"]]
    assert summary["pooled"]["test_acc"] == 7 / 8


def ended(argv):
    try:
        return cli.main(argv)
    except SystemExit as end:
        return end.code


def test_the_comparison_has_an_example(capsys):
    assert ended(["compare-folds", "--help"]) == 0
    assert "example:\n  biotune compare-folds" in capsys.readouterr().out


BOTH = ["--checkpoint", "weights.ckpt", "--dataset"]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["run", "--folds", "1"], "argument --folds: 1: write subject, or a number from 2 to 50"),
        (["run", "--folds", "subjects"], "argument --folds: subjects: write subject, or a number"),
        (["run", "--folds", "3", "--seeds", "0,1"], "--folds and --seeds exclude each other"),
        (["run", "--folds", "3", "--registry", "r"], "--folds and --registry exclude each other"),
        (["compile", "--folds", "subject"], "compile does not see the data; give the number of"),
        (["compile", "--folds", "3", "--promote"], "folds=3: neither seeds nor promotion go with"),
        (["run", *BOTH, "none", "--folds", "subject"], "none/train.h5: "),
        (["compare-folds", "none", "none"], "none: holds no summary.json of a run with --folds"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(argv, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ended(argv) == 2
    err = capsys.readouterr().err
    assert told in err and "Traceback" not in err


def test_leave_one_subject_out_counts_the_subjects_of_all_files(tmp_path, monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr(local, "run", lambda *_, **given: asked.update(given))
    make_dataset(tmp_path / "data")  # four subjects in each of three files
    uris = ["--checkpoint", "weights.ckpt", "--dataset", str(tmp_path / "data")]
    assert ended(["run", *uris, "--folds", "subject", "--out", str(tmp_path / "out")]) == 0
    assert asked["folds"] == 12


def test_more_folds_than_a_pipeline_can_hold_are_refused():
    request = package.Request("s3://b/c.ckpt", "s3://b/d", ("experiment=demo",), folds=51)
    with pytest.raises(Findings, match="folds=51: must be from 2 to 50"):
        package.arguments(request)


def test_two_runs_are_compared_on_the_terminal_and_as_json(tmp_path, capsys):
    for name, values in (("a", (0.5, 0.6, 0.7, 0.8, 0.4)), ("b", (0.6, 0.5, 0.9, 0.9, 0.5))):
        (tmp_path / name / "summary").mkdir(parents=True)
        content = json.dumps(summarized(results(values)))
        (tmp_path / name / "summary/summary.json").write_text(content)
    runs = [str(tmp_path / "a"), str(tmp_path / "b" / "summary")]
    assert ended(["compare-folds", *runs]) == 0
    shown = capsys.readouterr().out
    assert "B is higher for 4 of 5 subjects, lower for 1, equal for 0" in shown
    assert "5 subjects who differ can't give a Wilcoxon p below 0.0625" in shown
    assert ended(["compare-folds", *runs, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["difference"] == pytest.approx(0.08)
    assert [row["subject"] for row in found["subjects"]] == ["ann", "bob", "cem", "dai", "eva"]


def spoilt(tmp_path, **changes):
    """The folder of a run with folds whose summary was changed; None takes a key out."""
    summary = summarized(results()) | changes
    (tmp_path / "summary").mkdir()
    content = {key: value for key, value in summary.items() if value is not None}
    (tmp_path / "summary/summary.json").write_text(json.dumps(content))
    return str(tmp_path)


def test_subjects_are_called_by_their_whole_names(tmp_path, capsys):
    rows = summarized(results())["by_subject"]
    for row, name in zip(rows, ("P1[left]", "P1[right]", "P2[/b]", "P3:x:", "P4\\"), strict=True):
        row["subject"] = name
    assert ended(["compare-folds", *[spoilt(tmp_path, by_subject=rows)] * 2]) == 0
    shown = capsys.readouterr().out
    assert all(row["subject"] in shown for row in rows)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"metrics": None}, "metrics: is missing"),
        ({"metrics": {"test_acc": {"values": [0.5]}}}, "metrics.test_acc.values: must be 5"),
        ({"test_to_train": None}, "test_to_train: is missing"),
        ({"by_subject": None}, "by_subject: is missing"),
        ({"by_subject": [{"subject": "a", "fold": 1, "acc": "x"}]}, "by_subject[0].acc: must be a"),
        ({"of": "x"}, "of: must be a whole number ('x')"),
    ],
)
def test_a_damaged_summary_is_told_in_one_line(changes, told, tmp_path, capsys):
    assert ended(["compare-folds", *[spoilt(tmp_path, **changes)] * 2]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {tmp_path}/summary/summary.json: ") and told in line


def test_damaged_details_of_a_fold_are_told_in_one_line(tmp_path, capsys):
    run = spoilt(tmp_path, by_subject=[])
    file = tmp_path / "fold-1/evaluation/details.json"
    file.parent.mkdir(parents=True)
    for content in ('{"by_subject": [{}]}', "{"):
        file.write_text(content)
        assert ended(["compare-folds", run, run]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"error: {file}: ")


def test_subjects_that_a_summary_had_no_room_for_are_read_from_the_folds(tmp_path, capsys):
    whole = results()
    summary = summarized(whole) | {"by_subject": []}
    for fold in whole:
        folder = tmp_path / f"fold-{fold['fold']['number']}/evaluation"
        folder.mkdir(parents=True)
        (folder / "details.json").write_text(json.dumps({"by_subject": fold["by_subject"]}))
    (tmp_path / "summary").mkdir()
    (tmp_path / "summary/summary.json").write_text(json.dumps(summary))
    assert ended(["compare-folds", *[str(tmp_path)] * 2]) == 0
    assert "equal for 5" in capsys.readouterr().out
    assert ended(["compare-folds", *[str(tmp_path / "summary")] * 2]) == 2
    assert "give the folder of a whole run" in capsys.readouterr().err
