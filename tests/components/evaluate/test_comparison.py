"""`biotune report`: what a user sees of several runs, and what is refused."""

import json
import shutil
from html.parser import HTMLParser

import pytest
import yaml

from components.evaluate.comparison import cautions, page, reading, scores, terminal
from components.failures import FAILURE, Findings
from components.summarize.step import run as summarize
from pipeline import cli
from tests.components.evaluate.details_example import details_example
from tests.components.folds.crossed import results

SETTINGS = {"model": {"_target_": "a.B", "depth": 4}, "optimizer": {"lr": 0.1}, "seed": 0}
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
def made(tmp_path):
    """Makes a finished run; gives its folder as text."""

    def make(name, score=0.6, test="sha256:test", **settings):
        folder = tmp_path / name
        (folder / "evaluation").mkdir(parents=True)
        (folder / "model").mkdir()
        details = details_example()
        details["metrics"]["test_balanced_acc"] = score
        details["intervals"]["test_balanced_acc"] = [score - 0.05, score + 0.05]
        details["provenance"]["test_fingerprint"] = test
        for row in details["by_subject"]:
            row["balanced_acc"] = score
        (folder / "evaluation" / "details.json").write_text(json.dumps(details))
        (folder / "model" / "config.yaml").write_text(yaml.safe_dump(SETTINGS | settings))
        return str(folder)

    return make


class Seen(HTMLParser):
    """The tags of a page, its text, and the cells of its rows."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.rows, self.best, self.inside = [], [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "tr"

    def handle_data(self, data):
        if self.inside and data.strip():
            self.rows[-1].append(data.strip())
        if ("strong", {"class": "best"}) in self.tags[-1:]:
            self.best.append(data)


def row(seen, head):
    return next(cells for cells in seen.rows if cells and cells[0] == head)


def test_two_runs_on_the_same_windows(made):
    runs = reading.read([made("a", 0.6), made("b", 0.7, optimizer={"lr": 0.2})])
    seen = Seen(page.render(runs))
    assert row(seen, "optimizer.lr") == ["optimizer.lr", "0.1", "0.2"]
    assert not [cells for cells in seen.rows if cells and "depth" in cells[0]], "the same in both"
    assert row(seen, "Balanced accuracy")[-2:] == ["0.700", "0.650 to 0.750"]
    assert "0.700" in seen.best and "0.600" not in seen.best
    assert row(seen, "b")[:3] == ["b", "3", "+0.100"], "three subjects, paired"
    assert len([tag for tag, _ in seen.tags if tag == "svg"]) >= 3


def test_what_rounding_leaves_is_no_difference(made):
    runs = reading.read([made("a", 0.3), made("b", 0.1 + 0.2)])
    pair = scores.pairs(runs)[0]
    assert (pair["higher"], pair["lower"], pair["p"], pair["least_p"]) == (0, 0, None, 1)


def test_numbers_of_different_test_data_are_not_compared(made):
    runs = reading.read([made("a", 0.6), made("b", 0.7, test="sha256:other"), made("c", 0.8)])
    seen = Seen(page.render(runs))
    assert seen.best == [] and scores.pairs(runs) == []
    told = cautions.sentences(runs)[0]
    assert "different test data" in told and "On the same test data: a and c" in told
    assert not terminal.plain(runs)["comparable"]


def test_a_lower_loss_is_the_better_one():
    assert scores.best([0.2, 0.5, None], "test_loss") == {0}
    assert scores.best([0.2, 0.5, 0.5], "test_acc") == {1, 2}
    assert scores.best([0.5, 0.5], "test_acc") == set(), "all the same: nothing to mark"


def test_a_page_takes_nothing_for_html_and_asks_for_nothing(made, tmp_path):
    run = made(HOSTILE.replace("/", ""), seed=HOSTILE)
    file = tmp_path / HOSTILE / "evaluation" / "details.json"
    details = json.loads(file.read_text())
    details["by_subject"][0]["subject"] = details["title"] = HOSTILE
    details["provenance"]["checkpoint"] = details["notices"][0] = HOSTILE
    details["metrics"] |= {"test_acc": None, "undefined": {"test_acc": HOSTILE}}
    file.write_text(json.dumps(details))
    seen = Seen(page.render(reading.read([run, made("b")])))
    assert not {"img", "script", "iframe"} & {tag for tag, _ in seen.tags}
    assert not [
        a for _, a in seen.tags if any(name.startswith("on") or name == "src" for name in a)
    ]


def test_folds_are_read_as_one_run(made, tmp_path):
    folder = tmp_path / "crossed"
    folds = results()
    summarize(folds, folder / "summary")
    for number, fold in enumerate(folds, start=1):
        part = shutil.copytree(made(f"one-{number}"), folder / f"fold-{number}")
        details = json.loads((part / "evaluation" / "details.json").read_text())
        details |= {"by_subject": fold["by_subject"]}
        (part / "evaluation" / "details.json").write_text(json.dumps(details))
    again = shutil.copytree(folder, tmp_path / "again")
    runs = reading.read([str(folder), str(again)])
    assert [run.kind for run in runs] == ["5 folds, means"] * 2
    assert runs[0].metrics["test_balanced_acc"] == pytest.approx(0.6)
    assert len(runs[0].subjects) == 5 and scores.pairs(runs)[0]["subjects"] == 5
    page.render(runs)
    mixed = reading.read([str(folder), made("single")])
    assert "different test data" in cautions.sentences(mixed)[0]


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


def test_the_command_writes_a_page_and_names_runs_apart(made, tmp_path, capsys):
    runs = [made("x/tuned", 0.6), made("y/tuned", 0.7)]
    assert cli.main(["report", *runs, "-o", str(tmp_path / "page.html")]) == 0
    assert "0.7000*" in capsys.readouterr().out
    assert [run.name for run in reading.read(runs)] == runs, "one name, so both by their paths"
    assert cli.main(["report", *runs, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pairs"][0]["higher"] == 3
    with pytest.raises(SystemExit) as end:
        cli.main(["report", runs[0], runs[0]])
    assert end.value.code == 2


def test_a_run_and_its_own_evaluation_are_not_compared_with_each_other(made):
    run = made("tuned")
    for pair in ([run, f"{run}/evaluation"], [f"{run}/evaluation", run]):
        with pytest.raises(
            Findings, match=f"^{pair[1]}: is the run {pair[0]}; give each run once$"
        ):
            reading.read(pair)
