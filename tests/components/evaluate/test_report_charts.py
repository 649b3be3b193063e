"""The charts put data where their axes say, and stay legible at every size."""

import re
from xml.etree import ElementTree

import pytest

from components.evaluate.report import curves, history, learning_rates, matrices, spread, svg, text


def drawn(markup):
    """The elements of a drawing."""
    return list(ElementTree.fromstring(str(markup)).iter())


def classes(markup, name):
    """The elements that carry a class."""
    return [element for element in drawn(markup) if name in element.get("class", "").split()]


def points(path):
    """The corners of a path, through which H and V lead too."""
    x = y = None
    found = []
    for command, numbers in re.findall(r"([MLHV])([^MLHV]*)", path.get("d")):
        values = [float(number) for number in numbers.split()]
        x = values[0] if command in "MLH" else x
        y = values[-1] if command in "MLV" else y
        found.append((x, y))
    return found


def curve(name, across=("fpr", "tpr"), xs=(0, 0.25, 1), ys=(0, 0.5, 1)):
    return {"class": name, across[0]: list(xs), across[1]: list(ys)}


def test_roc_goes_through_its_points():
    [line] = classes(curves.roc([curve("grip")], {"grip": 0.6}), "line")
    assert points(line)[1] == pytest.approx((curves.X(0.25), curves.Y(0.5)), abs=0.06)


def test_precision_of_the_higher_recall_holds_in_between():
    pair = ("recall", "precision")
    rising = curve("grip", pair, xs=(0, 0.5, 1), ys=(1, 0.8, 0.4))
    falling = curve("grip", pair, xs=(1, 0.5, 0), ys=(0.4, 0.8, 1))
    [one] = classes(curves.precision_recall([rising], {}, []), "line")
    [other] = classes(curves.precision_recall([falling], {}, []), "line")
    assert (curves.X(0.5), curves.Y(0.4)) in [pytest.approx(p, abs=0.06) for p in points(one)]
    assert one.get("d") == other.get("d")


@pytest.mark.parametrize("number", [2, 8])
def test_up_to_eight_classes_have_a_line_style_each(number):
    several = [curve(f"class {index}") for index in range(number)]
    lines = classes(curves.roc(several, {}), "line")
    assert len({line.get("class") for line in lines}) == number
    assert len(curves.legend(several, {})) == number


def test_beyond_eight_classes_the_best_and_the_worst_stand_out():
    several = [curve(f"class {index}") for index in range(52)]
    areas = {f"class {index}": 0.5 + index / 200 for index in range(52)} | {"class 3": None}
    assert [entry["name"] for entry in curves.legend(several, areas)] == ["class 0", "class 51"]
    assert len(classes(curves.roc(several, areas), "thin")) == 50


def test_baseline_of_precision_is_the_mean_prevalence():
    pr = [curve("a", ("recall", "precision")), curve("b", ("recall", "precision"))]
    markup = curves.precision_recall(pr, {}, [0.1, 0.3])
    [baseline] = classes(markup, "baseline")
    assert float(baseline.get("y1")) == pytest.approx(curves.Y(0.2), abs=0.06)


def test_confusion_is_shaded_by_row():
    entry = {"name": "", "labels": ["a", "b"], "matrix": [[1500, 500], [0, 0]]}
    first, second = matrices.matrix(entry)["rows"]
    assert [cell["count"] for cell in first["cells"]] == ["1,500", "500"]
    assert [cell["shade"] for cell in first["cells"]] == [75, 25]
    assert [cell["shade"] for cell in second["cells"]] == [0, 0]


@pytest.mark.parametrize(("size", "is_drawn"), [(12, False), (13, True), (60, True), (151, False)])
def test_large_confusions_become_a_drawing_and_then_a_list(size, is_drawn):
    counts = [[int(i == j) * 9 + int(j == 0) for j in range(size)] for i in range(size)]
    made = matrices.matrix({"labels": [f"c{i}" for i in range(size)], "matrix": counts})
    assert bool(made["drawing"]) is is_drawn
    assert bool(made["confused"]) is (size > 12)


def test_commonest_errors_come_first():
    errors = matrices.confused(["a", "b"], [[0, 3], [5, 5]])
    assert [(error["truth"], error["predicted"]) for error in errors] == [("b", "a"), ("a", "b")]
    assert errors[0]["share"] == "50\N{NO-BREAK SPACE}%"


def test_each_subject_is_a_dot_at_its_value():
    markup = spread.dots(["a", "b", "c"], [0.2, None, 0.9], "Accuracy", 0.5, "subject")
    places = [float(dot.get("cx")) for dot in classes(markup, "dot")]
    assert len(places) == 2
    assert places == sorted(places, reverse=True)
    assert "not defined" in "".join(ElementTree.fromstring(str(markup)).itertext())


def test_swarm_has_a_dot_for_every_subject():
    values = [index / 200 for index in range(200)]
    markup = spread.swarm([("Accuracy", values), ("F1", [None] * 200)], "subject")
    assert len(classes(markup, "dot")) == 200
    assert "median 0.497" in drawn(markup)[0].get("aria-label")


def test_frozen_part_is_no_dot_on_the_scale():
    rows = [
        {"part": "stem", "lr": 0.0, "frozen": True},
        {"part": "block 0", "lr": 1e-5, "frozen": False},
        {"part": "head", "lr": 1e-3, "frozen": False},
    ]
    markup = learning_rates.by_part(rows)
    low, high = [float(dot.get("cx")) for dot in classes(markup, "dot")]
    assert low < high
    assert len(classes(markup, "frozen")) == 1
    assert learning_rates.by_part(rows[:1]) is None


def test_gap_in_the_history_interrupts_the_line():
    rows = [{"epoch": i + 1, "val_loss": None if i == 2 else 1.0 - i / 10} for i in range(6)]
    assert len(classes(history.by_epoch(rows, "loss", "Loss", 6), "trace")) == 2


@pytest.mark.parametrize("first", [0, 1])
def test_epochs_are_counted_from_one(first):
    rows = history.counted_from_one([{"epoch": first + i} for i in range(3)])
    assert [row["epoch"] for row in rows] == [1, 2, 3]


def test_without_what_was_selected_the_best_balanced_accuracy_is_marked():
    rows = [{"epoch": i + 1, "val_balanced_acc": value} for i, value in enumerate([0.1, 0.6, 0.4])]
    assert history.best_epoch(rows)[0] == 2
    assert history.best_epoch(rows, "last step") is None


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.713, 0.7131), (-1, 1), (0, 1e6), (5, 5), (1e-9, 2e-9)]
)
def test_ticks_are_few_and_inside(low, high):
    ticks = svg.Scale(low, high, 0, 100).ticks()
    assert len(ticks) <= 8
    assert all(low - 1e-12 <= tick <= high + 1e-12 for tick in ticks)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (text.fixed(1234.56789), "1,234.568"),
        (text.fixed(-0.5), "\N{MINUS SIGN}0.500"),
        (text.count(14820.0), "14,820"),
        (text.percent(0.9999), ">99.9\N{NO-BREAK SPACE}%"),
        (text.whole_percent(0.004), "<1\N{NO-BREAK SPACE}%"),
        (
            text.scientific(3.75e-4).replace("\N{NO-BREAK SPACE}", ""),
            "3.75\N{MULTIPLICATION SIGN}10⁻⁴",
        ),
        (text.shorten("  a\nvery long name ", 7), "a very\N{HORIZONTAL ELLIPSIS}"),
        (text.metric("test_f1_score"), "F1"),
    ],
)
def test_numbers_and_names_are_written_for_readers(written, expected):
    assert written == expected
