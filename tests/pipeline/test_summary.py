import json

from pipeline import summary


def show(tmp_path, metrics, details):
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation/metrics.json").write_text(json.dumps(metrics))
    (tmp_path / "evaluation/details.json").write_text(json.dumps(details))
    summary.show(tmp_path)


def test_without_subjects_there_is_a_reason_in_place_of_intervals(tmp_path, capsys):
    details = {"title": "t", "intervals": {}, "interval_method": "", "interval_reason": "unnamed"}
    show(tmp_path, {"test_acc": 0.5}, details)
    shown = capsys.readouterr().out
    assert "0.5000" in shown and "unnamed" in shown
    assert "95 %" not in shown


def test_a_metric_without_an_interval_keeps_its_row(tmp_path, capsys):
    show(
        tmp_path,
        {"test_acc": 0.5, "test_loss": 1.25},
        {"intervals": {"test_acc": [0.25, 0.75], "test_loss": [None, None]}},
    )
    rows = [line for line in capsys.readouterr().out.splitlines() if "loss" in line]
    assert len(rows) == 1 and "1.2500" in rows[0] and "None" not in rows[0]


def test_what_a_file_says_is_no_markup(tmp_path, capsys):
    details = {"title": "Net on [/data]", "interval_reason": "no [b]"}
    show(tmp_path, {"test_acc": None, "undefined": {"test_acc": "class [left]"}}, details)
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("Net on [/data]", "no [b]", "class [left]"))
