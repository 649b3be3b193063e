import math

import pytest

from components.durations import in_counts
from components.failures import InputError


@pytest.mark.parametrize(
    ("written", "interval", "expected"),
    [
        ("10 %", "step", 20),
        ("3 epochs", "step", 30),
        ("1.5 epochs", "step", 15),
        ("25", "step", 25),
        (25, "step", 25),
        ("40 steps", "epoch", 4),
        ("10 %", "epoch", 2),
    ],
)
def test_a_duration_becomes_what_the_scheduler_counts(written, interval, expected):
    node = {"warmup_t": written, "t_initial": "rest", "mode": "min"}
    whole = 200 if interval == "step" else 20
    turned = in_counts(node, interval, steps=200, per_epoch=10)
    assert turned == {"warmup_t": expected, "t_initial": whole - expected, "mode": "min"}


@pytest.mark.parametrize("written", ["soon", -1, 2.5, "-3 epochs"])
def test_what_is_no_duration_is_told(written):
    with pytest.raises(InputError, match=r"scheduler\.warmup_t="):
        in_counts({"warmup_t": written}, "step", steps=100, per_epoch=10)


def test_a_share_of_a_training_without_an_end_is_told():
    with pytest.raises(InputError, match="no known length"):
        in_counts({"warmup_t": "10 %"}, "step", steps=math.inf, per_epoch=10)
