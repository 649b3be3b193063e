"""Which label a window gets, and why one gets none."""

import numpy as np
import pytest

from components.convert import reasons
from components.convert.labelling import Rules, labelled
from components.recordings import Annotation

RATE, WINDOW = 100, 100
ABC = {"a": 0, "b": 1, "c": 2}


def label(spans, rules=None, bad=(), seconds=10, stride=50):
    starts = np.arange(0, seconds * RATE - WINDOW + 1, stride)
    rules = rules or Rules(ABC, 3)
    notes = [Annotation(*span) for span in spans]
    return labelled(notes, [Annotation(*b) for b in bad], starts, WINDOW, RATE, rules)


def test_a_window_has_the_label_that_covers_it_all():
    labels, why = label([(0, 3, "a"), (3, 2, "b"), (7, 3, "c")])
    kept = why == reasons.KEPT
    assert labels[kept].tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2]
    assert why[5] == reasons.BORDER  # 2.5 s to 3.5 s
    assert (why == reasons.UNLABELLED).tolist().count(True) == 3  # from 5, 5.5 and 6 s on


def test_borders_are_exact_to_half_a_sample():
    starts = np.arange(0, 300, 100)
    rules = Rules(ABC, 3)
    for off, expected in ((0.004, reasons.KEPT), (0.006, reasons.BORDER)):
        _, why = labelled([Annotation(1 + off, 1, "a")], [], starts, WINDOW, RATE, rules)
        assert why[1] == expected, off


@pytest.mark.parametrize(("overlap", "kept"), [(1.0, 0), (0.5, 2), (0.4, 2), (0.1, 2)])
def test_a_part_is_enough_where_it_is_said_to_be(overlap, kept):
    """A label from 1.25 s to 2.25 s meets windows from 1 and 1.5 s on by 3/4, others by 1/4."""
    labels, why = label([(1.25, 1, "a")], Rules(ABC, 3, overlap), stride=50)
    assert (why == reasons.KEPT).sum() == (kept if overlap > 0.25 else 4)
    assert (labels[why == reasons.KEPT] == 0).all()


@pytest.mark.parametrize(
    ("overlap", "window", "least"),
    [(0.5, 201, 101), (0.5, 5, 3), (0.5, 4, 2), (0.55, 100, 55), (0.07, 100, 7), (1.0, 3, 3)],
)
def test_the_share_is_of_whole_samples_and_no_less_wherever_the_window_lies(overlap, window, least):
    rules = Rules(ABC, 3, overlap)
    for start in range(0, 60, 7):
        for samples, kept in ((least - 1, False), (least, True)):
            span = Annotation(start / RATE, samples / RATE, "b")
            _, why = labelled([span], [], np.array([start]), window, RATE, rules)
            assert (why[0] == reasons.KEPT) == kept, (start, samples)


def test_two_labels_at_once_are_no_label_but_two_of_one_text_are_one():
    _, why = label([(0, 4, "a"), (2, 2, "b")])
    assert why[0] == reasons.KEPT and why[4] == reasons.SEVERAL
    _, why = label([(0, 3, "a"), (2, 2, "a"), (2.5, 0.1, "a")])
    assert (why[:7] == reasons.KEPT).all()


def test_several_labels_a_window():
    rules = Rules(ABC, 3, background=-1, multi_label=True)
    labels, why = label([(0, 4, "a"), (2, 4, "c")], rules, stride=100)
    assert labels.tolist() == [
        [1, 0, 0], [1, 0, 0], [1, 0, 1], [1, 0, 1], [0, 0, 1], [0, 0, 1],
        [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0],
    ]  # fmt: skip
    assert not why.any()
    _, why = label([(0, 4, "a"), (2.5, 2, "c")], Rules(ABC, 3, multi_label=True), stride=100)
    assert why.tolist() == [0, 0, reasons.BORDER, 0, reasons.BORDER] + [reasons.UNLABELLED] * 5


def test_time_that_nobody_labelled_can_be_a_class():
    labels, why = label([(2, 2, "b")], Rules(ABC, 3, background=2), stride=100)
    assert labels.tolist() == [2, 2, 1, 1, 2, 2, 2, 2, 2, 2] and not why.any()
    _, why = label([(2, 2, "b")], Rules(ABC, 3, background=2), stride=50)
    assert why[3] == why[7] == reasons.BORDER  # half background, half b


def test_texts_that_are_no_class_are_left_out_and_not_background():
    _, why = label([(0, 2, "a"), (2, 2, "talks")], Rules({"a": 0}, 1, background=0), stride=100)
    assert why[:5].tolist() == [0, 0, reasons.OTHER, reasons.OTHER, 0]


def test_time_marked_bad_is_left_out_whatever_its_label():
    _, why = label([(0, 10, "a")], bad=[(2.2, 0.1, "BAD_jump")], stride=100)
    assert np.flatnonzero(why == reasons.BAD).tolist() == [2]


def test_labels_of_a_whole_recording_never_end():
    labels, why = label([(0, np.inf, "c")])
    assert not why.any() and (labels == 2).all()
