"""What `biotune report` refuses: by file and key, in a line each."""

import json
import shutil

import pytest

from components.evaluate.comparison import reading
from components.failures import FAILURE, Findings
from pipeline import cli


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda run: shutil.rmtree(run / "evaluation"), "evaluation is missing (evaluate has not"),
        (lambda run: [shutil.rmtree(run / n) for n in ("evaluation", "model")], "no run (no eval"),
        (lambda run: (run / "evaluation/details.json").write_text("{"), "can't be read"),
        (
            lambda run: (run / "evaluation/details.json").write_text("{}"),
            "details.json: metrics: is missing",
        ),
        (lambda run: (run / "model/config.yaml").write_text("- 1"), "not that of a tuned model"),
    ],
)
def test_what_is_no_finished_run_is_refused_in_a_line(made, tmp_path, capsys, spoil, told):
    made("spoilt")
    if "missing" in told:
        (tmp_path / "spoilt" / "backbone").mkdir()
        (tmp_path / "spoilt" / FAILURE).write_text("{}")
    spoil(tmp_path / "spoilt")
    with pytest.raises(SystemExit) as end:
        cli.main(["report", str(tmp_path / "spoilt"), made("b"), "-o", str(tmp_path / "page.html")])
    assert end.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: ") and told in lines[0]
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("place", "wrong", "told"),
    [
        (("metrics", "test_acc"), "0.5", "metrics.test_acc: must be a number ('0.5')"),
        (("metrics", "test_acc"), float("nan"), "metrics.test_acc: must be a finite number (nan)"),
        (("metrics", "undefined"), 5, "metrics.undefined: must be an object (5)"),
        (("provenance", "test_fingerprint"), None, "provenance.test_fingerprint: must be text"),
        (("intervals",), [1], "intervals: must be an object ([1])"),
        (("by_subject", 0, "balanced_acc"), "x", "by_subject[0].balanced_acc: must be a number"),
        (("by_subject", 0), {}, "by_subject[0].subject: is missing"),
        (("per_class",), 5, "per_class: must be a list (5)"),
        (("confusion", 0), "x", "confusion[0]: must be an object ('x')"),
        (("confusion", 0, "matrix", 0), [], "confusion[0]: matrix: must be square"),
        (("data",), "x", "data: must be an object ('x')"),
        (("data", "test", "flaws"), {"a": {}}, "data.test.flaws.a"),
        (("history", 0, "val_loss"), "x", "history[0].val_loss: must be a number ('x')"),
        (("learning_rates",), {"a": 1}, "learning_rates: must be a list ({'a': 1})"),
        (("evaluated",), {"settings": True}, "evaluated.settings: must be an object (True)"),
    ],
)
def test_details_that_are_damaged_are_refused_by_file_and_key(made, tmp_path, place, wrong, told):
    run, file = made("a"), tmp_path / "a/evaluation/details.json"
    details = json.loads(file.read_text())
    above = details
    for key in place[:-1]:
        above = above[key]
    above[place[-1]] = wrong
    file.write_text(json.dumps(details))
    with pytest.raises(Findings) as refused:
        reading.read([run, made("b")])
    assert str(refused.value).startswith(f"{file}: {told}")
    assert len(str(refused.value).splitlines()) == 1


def test_a_summary_that_is_damaged_is_refused_by_file_and_key(tmp_path):
    file = tmp_path / "summary" / "summary.json"
    file.parent.mkdir()
    for content, told in (
        ({"kind": "folds", "of": 0}, "of: "),
        ({"seeds": []}, "seeds: "),
        ({"seeds": [0], "metrics": {"test_acc": {"std": None}}}, "metrics.test_acc.mean: is miss"),
        (["x"], "the content must be an object (['x'])"),
    ):
        file.write_text(json.dumps(content))
        with pytest.raises(Findings) as refused:
            reading.read([str(tmp_path)])
        assert str(refused.value).startswith(f"{file}: {told}")


def test_a_run_and_its_own_evaluation_are_not_compared_with_each_other(made):
    run = made("tuned")
    for pair in ([run, f"{run}/evaluation"], [f"{run}/evaluation", run]):
        with pytest.raises(
            Findings, match=f"^{pair[1]}: is the run {pair[0]}; give each run once$"
        ):
            reading.read(pair)
