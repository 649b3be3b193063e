import pytest

from components import parameters


def test_short_data_stay_readable_and_long_data_get_short():
    assert parameters.pack({"lr": 0.001}) == '{"lr": 0.001}'
    long = {"entries": [{"name": f"blocks.{i}.weight", "shape": [i]} for i in range(2000)]}
    packed = parameters.pack(long)
    assert len(packed) < 20000
    assert parameters.unpack(packed) == long


def test_the_order_of_keys_does_not_change_the_text():
    assert parameters.pack({"a": 1, "b": 2}) == parameters.pack({"b": 2, "a": 1})


def test_what_is_no_json_is_refused():
    with pytest.raises(ValueError):
        parameters.pack({"lr": float("nan")})
