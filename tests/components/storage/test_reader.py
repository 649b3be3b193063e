"""Reading by ranges is like reading a file, with few requests."""

import io
import tempfile
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from components.storage import reader

CONTENT = bytes(i * 7 % 251 for i in range(1000))
MOVES = st.one_of(
    st.tuples(st.just("read"), st.integers(-1, 1200)),
    st.tuples(st.just("readinto"), st.integers(0, 300)),
    st.tuples(st.just("start"), st.integers(0, 1200)),
    st.tuples(st.just("end"), st.integers(-1000, 100)),
    st.tuples(st.just("here"), st.integers(0, 300)),
)


class Source:
    """Serves ranges of some content and notes them."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[tuple[int, int]] = []

    def read_range(self, start: int, stop: int) -> bytes:
        assert 0 <= start < stop <= len(self.content)
        self.asked.append((start, stop))
        return self.content[start:stop]

    def open(self) -> io.BufferedReader:
        return io.BufferedReader(reader.RangeReader(len(self.content), self.read_range), 16)


def play(file, moves) -> list:
    seen = []
    for move, number in moves:
        if move == "read":
            seen.append(file.read(number))
        elif move == "readinto":
            target = bytearray(number)
            seen.append((file.readinto(target), bytes(target)))
        else:
            try:
                seen.append(file.seek(number, ["start", "here", "end"].index(move)))
            except (ValueError, OSError):
                seen.append("before the start")
        seen.append(file.tell())
    return seen


@settings(max_examples=300, deadline=None)
@given(moves=st.lists(MOVES, max_size=12), size=st.sampled_from([0, 1, 63, 64, 65, 1000]))
def test_every_sequence_of_reads_and_seeks_is_that_of_a_file(moves, size):
    content = CONTENT[:size]
    with (
        tempfile.TemporaryFile() as file,
        mock.patch.multiple(reader, BLOCK=64, _AHEAD=3, _KEPT=4),
    ):
        file.write(content)
        file.seek(0)
        assert play(Source(content).open(), moves) == play(file, moves)


def test_reading_on_asks_for_larger_and_larger_pieces():
    source = Source(bytes(64 * reader.BLOCK))
    file = source.open()
    while file.read(1000):
        pass
    blocks = [(stop - start) // reader.BLOCK for start, stop in source.asked]
    assert blocks == [1, 2, 4, 8, 16, 32, 1]


def test_a_header_read_back_and_forth_is_asked_for_once():
    source = Source(bytes(10 * reader.BLOCK))
    file = source.open()
    for _ in range(20):
        for place in (0, 5 * reader.BLOCK, 9 * reader.BLOCK):
            file.seek(place)
            file.read(500)
    assert len(source.asked) == 3
