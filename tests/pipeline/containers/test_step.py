import pytest

from pipeline.containers import step


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([], []),
        ([b"one\ntwo\n"], ["one", "two"]),
        ([b"on", b"e\nt", b"wo"], ["one", "two"]),
        (["é\n".encode()[:1], "é\n".encode()[1:]], ["é"]),
        ([b"bad \xff\n"], ["bad �"]),
        ([b"cut \xc3"], ["cut �"]),
    ],
)
def test_lines_are_whole_wherever_the_stream_breaks(pieces, lines):
    assert list(step.lines(pieces)) == lines
