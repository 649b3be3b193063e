import pytest

from components import resume
from components.config import compose
from components.failures import Findings
from components.resume.wanted import seconds

TASK = ("classification_type=bc", "num_classes=2", "input_normalization.normalize=none")


@pytest.mark.parametrize(("text", "length"), [("30s", 30), ("10m", 600), ("1.5h", 5400)])
def test_a_duration_has_a_unit(text, length):
    assert seconds(text) == length


@pytest.mark.parametrize(
    "override",
    ["resume.every=10", "resume.lease=soon", "resume.keep=1", "nonfinite=go", "resume.uri=''"],
)
def test_a_value_that_cannot_be_is_told(override):
    with pytest.raises(Findings, match=override.partition("=")[0].replace(".", r"\.")):
        compose([*TASK, override])


def test_states_are_kept_where_it_is_said_or_below_the_runs_of_a_cluster(monkeypatch):
    node = compose(TASK).resume
    assert resume.settings(node) is None
    monkeypatch.setenv("BIOTUNE_RUNS", "s3://bucket/runs")
    assert resume.settings(node) is None
    monkeypatch.setenv("BIOTUNE_RUN", "abc")
    wanted = resume.settings(node)
    assert (wanted.uri, wanted.run, wanted.every) == ("s3://bucket/runs/abc/resume", "abc", 600)
    assert resume.settings({**node, "uri": "/pvc/states"}).uri == "/pvc/states"
    assert resume.settings({**node, "uri": "none"}) is None


def test_words_for_how_long_ago():
    assert resume.ago("2020-01-01T00:00:00+00:00").endswith(" days ago")
