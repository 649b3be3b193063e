import pytest

from pipeline.schedule import marker
from pipeline.schedule.marker import Marker

MARK = Marker("emg-team", "nightly", 3, "0f" * 32)


def test_a_mark_is_read_back_also_with_words_around_it():
    assert marker.read(str(MARK)) == MARK
    assert marker.read(f"Clone of this: {MARK}\nsee there") == MARK


@pytest.mark.parametrize(
    "description",
    [None, "", "nightly retraining", str(MARK).replace("/1 ", "/2 "), str(MARK)[:-3]],
)
def test_what_bears_no_mark_of_ours_is_someone_elses(description):
    assert marker.read(description) is None
