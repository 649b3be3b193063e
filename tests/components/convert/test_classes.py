"""Which texts are which class."""

import pytest

from components.convert.classes import rules_of
from components.convert.wishes import Wishes
from components.failures import InputError
from components.recordings import Annotation, Settings


def rules(texts, classes=()):
    spans = [[Annotation(0, 1, text) for text in texts]]
    return rules_of(spans, "a", Wishes(Settings(1, 1), classes=classes))


def test_what_the_files_say_is_never_taken_apart():
    texts = ("freq=10", "freq=20", "a|b", "2", "10")
    names, found = rules(texts)
    assert names == ("2", "10", "a|b", "freq=10", "freq=20")
    assert found.numbers == {name: number for number, name in enumerate(names)}


def test_what_the_user_writes_is():
    names, found = rules(("freq=10", "a", "b"), ("ten=freq=10", "both = a | b"))
    assert names == ("ten", "both") and found.numbers == {"freq=10": 0, "a": 1, "b": 1}
    with pytest.raises(InputError, match="a stands in two classes"):
        rules(("a",), ("x=a", "y=a"))
