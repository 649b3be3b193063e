"""The report warns of what would mislead its reader, and of nothing else."""

import runpy
from pathlib import Path

import pytest

from components.evaluate.report import cautions

details_example = runpy.run_path(str(Path(__file__).with_name("details_example.py")))[
    "details_example"
]


@pytest.fixture
def details():
    """Details that call for no warning."""
    made = details_example(subjects=12)
    for row in made["per_class"]:
        row["support"] = 500
    made["intervals"] = {key: [0.6, 0.7] for key in made["intervals"]}
    return made


def test_sound_results_call_for_no_warning(details):
    assert cautions.warnings(details) == []


def test_subject_in_training_and_test_is_named(details):
    details["data"]["train"]["subjects"] = ["anna", "ben"]
    details["data"]["test"]["subjects"] = ["ben", "carl"]
    [warning] = cautions.warnings(details)
    assert warning.startswith("1 subject (ben) of the test split also in train")


def test_partial_backbone_is_told(details):
    details["provenance"]["backbone_coverage"] = {"tensors": 1.0, "parameters": 0.99999}
    [warning] = cautions.warnings(details)
    assert ">99.9\N{NO-BREAK SPACE}% of the backbone's parameters" in warning


def test_interval_that_includes_guessing_is_told(details):
    details["intervals"]["test_balanced_acc"] = [1 / 6 - 0.01, 0.3]
    [warning] = cautions.warnings(details)
    assert warning.startswith("The interval of Balanced accuracy (0.157 to 0.300) includes 0.167")


def test_guessing_goes_by_the_classes_that_occur(details):
    details["per_class"][0]["support"] = 0
    assert cautions.chance(details)["test_balanced_acc"] == pytest.approx(1 / 5)


def test_guessing_of_a_label_without_both_outcomes_is_not_claimed(details):
    details["classification_type"] = "mc"
    assert cautions.chance(details)["test_balanced_acc"] == 0.5
    details["per_class"][0]["support"] = details["data"]["test"]["windows"]
    assert "test_balanced_acc" not in cautions.chance(details)


def test_few_subjects_are_told(details):
    details["by_subject"] = details["by_subject"][:2]
    [warning] = cautions.warnings(details)
    assert warning.startswith("The test split has 2 subjects.")


def test_wide_interval_is_told(details):
    details["intervals"]["test_f1_score"] = [0.3, 0.8]
    assert cautions.warnings(details) == ["Wide interval (more than 0.2) for: F1."]


def test_absent_and_rare_classes_are_named(details):
    details["per_class"][0]["support"] = 0
    details["per_class"][1]["support"] = 3
    assert cautions.warnings(details) == [
        "Not in the test split: rest.",
        "Rare in the test split (fewer than 20 each): fist.",
    ]


def test_class_that_is_never_predicted_is_named(details):
    for row in details["confusion"][0]["matrix"]:
        row[2] = 0
    assert cautions.warnings(details) == ["Never predicted, though in the test split: open hand."]
