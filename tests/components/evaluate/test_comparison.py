"""`biotune report`: what a user sees of several runs."""

import json
import shutil
from html.parser import HTMLParser

import pytest

from components.evaluate.comparison import cautions, page, reading, scores, terminal
from components.summarize.step import run as summarize
from pipeline import cli
from tests.components.folds.crossed import results

HOSTILE = '<img src=x onerror="alert(1)">'


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


def test_seeds_are_read_as_one_run_whose_subjects_keep_their_names(made, tmp_path):
    scores_of = {0: 0.6, 1: 0.7}
    for seed, score in scores_of.items():
        made(f"seeds/seed-{seed}", score, seed=seed)
    tests = [{"seed": n, "metrics": {"test_balanced_acc": s}} for n, s in scores_of.items()]
    summarize(tests, tmp_path / "seeds/summary")
    (run,) = reading.read([str(tmp_path / "seeds")])
    assert (run.kind, run.metrics["test_balanced_acc"]) == ("2 seeds, means", pytest.approx(0.65))
    rows = terminal.plain([run])["by_subject"]["seeds"]
    assert [row["subject"] for row in rows] == ["S01", "S02", "S03"]
    assert rows[0]["balanced_acc"] == pytest.approx(0.65)


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
