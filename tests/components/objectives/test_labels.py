import numpy as np
import pytest

from components.objectives import Binary, MultiClass, MultiLabel, MultiOutput


@pytest.mark.parametrize(
    ("objective", "labels"),
    [
        (Binary(2), np.array([0, 1, 1], dtype=np.uint8)),
        (Binary(2), np.array([False, True])),
        (MultiClass(3), np.array([0.0, 2.0])),
        (MultiClass(3), np.zeros(0, dtype=int)),
        (MultiLabel(2), np.array([[0, 1], [1, 1]], dtype=np.int8)),
        (MultiOutput(6, num_outputs=2), np.array([[0, 5]])),
    ],
)
def test_labels_that_fit_raise_no_complaint(objective, labels):
    assert objective.check_labels(labels) == []


@pytest.mark.parametrize(
    ("objective", "labels", "told"),
    [
        (MultiClass(3), [0, 7], ["run from 0 to 7", "num_classes=3", "0 to 2", "num_classes=8"]),
        (MultiClass(3), [-1, 2], ["run from -1 to 2", "negative label"]),
        (Binary(2), [0, 2], ["run from 0 to 2", "classification_type=bc", "num_classes=3"]),
        (MultiLabel(2), [[0, 3]], ["run from 0 to 3", "0 to 1", "classification_type"]),
        (MultiClass(3), [[0, 1]], ["(1, 2)", "takes (N,)", "set classification_type"]),
        (MultiLabel(3), [[0, 1]], ["(1, 2)", "(N, 3)", "num_classes=2"]),
        (MultiOutput(3, num_outputs=4), [[0, 1]], ["(1, 2)", "(N, 4)", "num_outputs=2"]),
        (MultiLabel(3), [0, 1], ["(2,)", "(N, 3)", "set classification_type"]),
        (MultiClass(3), [0.5, 1], ["hold 0.5"]),
        (MultiClass(3), [np.nan, 1], ["hold nan"]),
        (MultiClass(3), [np.inf, 1], ["hold inf"]),
        (MultiClass(3), ["rest", "fist"], ["stored as <U4"]),
    ],
)
def test_complaints_name_what_was_seen_and_the_remedy(objective, labels, told):
    complaints = objective.check_labels(np.array(labels))
    assert len(complaints) == 1
    for part in told:
        assert part in complaints[0]


def test_wrong_shape_and_wrong_range_are_both_told():
    assert len(MultiLabel(3).check_labels(np.array([[0, 5]]))) == 2
