import logging
from dataclasses import replace

import pytest

from components import signal
from components.failures import Findings
from components.hdf5 import read_header

EXPECTED = {"channels": 4, "window": 64, "sampling_rate": 100, "unit": "uV"}


@pytest.fixture
def header(dataset):
    return replace(read_header(dataset / "train.h5"), unit="uV", channel_names=("a", "b", "c", "d"))


def config(changes=None, *, allow=False, names=()):
    return {
        "model": {"signal": EXPECTED | (changes or {})},
        "data": {"allow_signal_mismatch": allow},
        "channels": names,
    }


def test_data_that_are_what_the_model_expects_pass(header, caplog):
    signal.hold(header, config(), "train")
    assert not caplog.records


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sampling_rate": 256}, "sampling_rate is 100.0, but the model expects 256"),
        ({"unit": "mV"}, "unit is uV, but the model expects mV"),
        ({"channels": 8, "window": 32}, "channels is 4, but the model expects 8"),
        ({"rate": 3}, "model.signal.rate: unknown"),
    ],
)
def test_a_difference_is_told_with_both_sides(header, change, expected):
    with pytest.raises(Findings) as caught:
        signal.hold(header, config(change), "train")
    assert expected in str(caught.value)
    assert "data.allow_signal_mismatch=true" in str(caught.value) or "unknown" in expected


def test_other_channels_than_those_of_the_training_are_refused(header):
    with pytest.raises(Findings, match="tuned on b, a, c, d"):
        signal.hold(header, config(names=["b", "a", "c", "d"]), "test")


def test_a_difference_can_be_allowed_and_is_said(header, caplog):
    with caplog.at_level(logging.WARNING, "biotune"):
        signal.hold(header, config({"unit": "mV"}, allow=True), "train")
    assert "allowed: train: unit is uV" in caplog.text


def test_data_that_say_nothing_give_one_warning(header, caplog):
    with caplog.at_level(logging.WARNING, "biotune"):
        signal.hold(replace(header, unit=None, sampling_rate=None), config(), "train")
    assert len(caplog.records) == 1
    assert "does not say its sampling_rate and unit" in caplog.text


def test_splits_that_name_their_classes_or_channels_in_another_order_differ(header):
    names = ("val", "train")
    header = replace(header, classes=("rest", "fist"))
    assert signal.differences(header, header, names) == []
    turned = replace(header, classes=("fist", "rest"), channel_names=("b", "a", "c", "d"))
    channels, classes = signal.differences(turned, header, names)
    assert channels == "val: the channels are b, a, c, d, but a, b, c, d in train"
    assert classes == "val: the classes are fist, rest, but rest, fist in train"
    # A split that does not name them says nothing against them.
    assert signal.differences(replace(header, classes=()), header, names) == []
