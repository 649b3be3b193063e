"""The report says what the details say, and takes none of it for markup."""

import math
import re
import runpy
from html.parser import HTMLParser
from pathlib import Path

import pytest

from components.evaluate.report import render

details_example = runpy.run_path(str(Path(__file__).with_name("details_example.py")))[
    "details_example"
]
HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>"
SIZES = {
    "binary": {"kind": "bc", "classes": ("rest", "grip")},
    "52 classes": {"classes": [f"gesture {i}" for i in range(52)]},
    "1 epoch": {"epochs": 1},
    "no history": {"epochs": 0},
    "no subjects": {"subjects": 0},
    "200 subjects": {"subjects": 200},
    "22 labels": {"kind": "mc", "classes": [f"label {i}" for i in range(22)]},
    "22 outputs": {"kind": "mmc", "classes": ("no", "weak", "strong"), "outputs": 22},
}


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.pieces = [], [], []
        self.feed(page)
        self.text = re.sub(r"\s+", " ", " ".join(self.pieces))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_data(self, data):
        if self.tags[-1:] != ["style"]:
            self.pieces.append(data)


def poisoned(value):
    """The same details with every text, and every free key, made hostile."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, list):
        return [poisoned(inner) for inner in value]
    if isinstance(value, dict):
        return {key: poisoned(inner) for key, inner in value.items()}
    return value


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_text_from_outside_never_becomes_markup(size):
    details = poisoned(details_example(**size))
    details["metrics"]["undefined"] = {"test_" + HOSTILE: HOSTILE}
    details["provenance"][HOSTILE] = {HOSTILE: HOSTILE}
    details["data"][HOSTILE] = {"windows": HOSTILE, "subjects": [HOSTILE]}
    page = Page(render(details))
    assert {"img", "script", "iframe"}.isdisjoint(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert HOSTILE in page.text


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_page_refers_to_nothing_outside(size):
    page = Page(render(details_example(**size)))
    references = [v for _, name, v in page.attributes if name in ("src", "href", "srcset", "data")]
    assert references
    assert all(reference.startswith(("#", "data:,")) for reference in references)
    assert "url(" not in render(details_example(**size))
    assert "@import" not in render(details_example(**size))


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_every_link_of_the_contents_leads_somewhere(size):
    page = Page(render(details_example(**size)))
    anchors = {value for _, name, value in page.attributes if name == "id"}
    links = {v[1:] for tag, name, v in page.attributes if tag == "a" and name == "href"}
    assert links
    assert links <= anchors


def test_undefined_metric_shows_a_dash_and_its_reason():
    details = details_example()
    details["metrics"]["test_auroc"] = None
    details["metrics"]["undefined"] = {
        "test_auroc": "no positive in the truth",
        "test_aupr": "left out: fist (no positive in the truth)",
    }
    text = Page(render(details)).text
    assert re.search(r"AUROC\s+\N{EM DASH}\s+no positive in the truth", text)
    assert "AUPR left out: fist (no positive in the truth)" in text
    assert "Not defined here, for reasons given with the metrics: AUROC." in text


def test_undefined_main_metric_is_told_in_the_summary():
    details = details_example()
    details["metrics"]["test_balanced_acc"] = None
    details["metrics"]["undefined"]["test_balanced_acc"] = "no window"
    assert "3 subjects is not defined: no window." in Page(render(details)).text


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None])
def test_numbers_that_are_none_show_as_dashes(bad):
    details = details_example()
    details["metrics"]["test_f1_score"] = bad
    details["intervals"]["test_acc"] = [bad, bad]
    details["per_class"][0]["auroc"] = bad
    details["by_subject"][0]["balanced_acc"] = bad
    details["history"][1]["val_loss"] = bad
    details["learning_rates"][3]["lr"] = bad
    page = Page(render(details))
    assert not re.search(r"\b(nan|inf|None)\b", page.text + str(page.attributes))
    assert "\N{EM DASH} not defined" in page.text


def test_nothing_at_all_still_makes_a_page_that_says_what_is_missing():
    page = Page(render({}))
    assert "Training history: none was recorded." in page.text
    assert "Confusion: no matrix was recorded." in page.text
    assert not [value for _, name, value in page.attributes if (name, value) == ("id", "past")]


def test_missing_intervals_are_explained():
    details = details_example(subjects=0)
    details["interval_reason"] = "the test split has a single subject"
    text = Page(render(details)).text
    assert "No intervals: the test split has a single subject." in text
    assert "There are no intervals (the test split has a single subject)" in text


def test_interval_is_shown_with_its_method():
    details = details_example()
    details["metrics"]["test_balanced_acc"] = 0.61234
    details["intervals"]["test_balanced_acc"] = [0.5512, 0.6688]
    details["interval_left_out"] = {"test_balanced_acc": 12}
    text = Page(render(details)).text
    assert "Balanced accuracy on 1,200 test windows of 3 subjects is 0.612" in text
    assert "0.551 to 0.669" in text
    assert "1000 resamples, seed 0" in text
    assert "not defined in 12 resamples" in text


def test_training_from_scratch_is_said_loudly():
    assert "Trained from scratch." in Page(render(details_example(scratch=True))).text
    assert "scratch" not in Page(render(details_example())).text


def test_mapping_in_the_provenance_is_written_line_by_line():
    details = details_example()
    details["provenance"]["dataset_fingerprint"] = {"train": "sha256:aa", "test": "sha256:bb"}
    details["provenance"]["backbone_digest"] = {"before": "cafe", "after": "cafe"}
    page = render(details)
    assert "<span>train sha256:aa</span><span>test sha256:bb</span>" in page
    assert "cafe, unchanged by training" in page


def test_licences_stand_under_notices():
    details = details_example() | {"notices": ["Weights: CC BY-NC 4.0"]}
    assert "Notices Weights: CC BY-NC 4.0" in Page(render(details)).text


@pytest.mark.parametrize("subjects", [20, 21, 200])
def test_every_subject_is_listed(subjects):
    page = Page(render(details_example(subjects=subjects)))
    assert all(f"S{index + 1:02d} 400" in page.text for index in range(subjects))


def test_outputs_have_a_table_of_their_own():
    details = details_example(**SIZES["22 outputs"])
    details["by_output"] = [
        {"output": f"output {i}", "windows": 1200, "balanced_acc": 0.4567} for i in range(22)
    ]
    text = Page(render(details)).text
    assert "Outputs, subjects and recordings" in text
    assert "output 21 1,200 0.457" in text


def test_long_history_and_kept_epoch_are_counted_from_one():
    details = details_example(epochs=80)
    details["provenance"]["selected"] = "epoch 31, val_auroc 0.8123"
    page = Page(render(details))
    labels = [value for _, name, value in page.attributes if name == "aria-label"]
    assert "80 epochs. Epoch 31 is marked: best AUROC in validation." in page.text
    assert any(label.startswith("Loss over 80 epochs") for label in labels)


def test_the_only_epoch_is_not_called_the_best():
    text = Page(render(details_example(epochs=1))).text
    assert "1 epoch." in text
    assert "is marked" not in text
