"""Tensors in rows: what differs in numbers alone stands together."""

from pipeline.inspection.grouping import group, together


def names(*tensors):
    return [row["name"] for row in group((name, (2,), "F32", "") for name in tensors)]


def test_blocks_stand_together_and_other_shapes_apart():
    tensors = [(f"blocks.{i}.weight", (4, 2), "F32", f"block {i}") for i in range(12)]
    tensors.append(("blocks.12.weight", (4, 3), "F32", "block 12"))
    first, last = group(tensors)
    assert first == {
        "name": "blocks.{0-11}.weight",
        "count": 12,
        "shape": [4, 2],
        "dtype": "F32",
        "part": "block {0-11}",
        "parameters": 96,
    }
    assert (last["name"], last["part"], last["parameters"]) == ("blocks.12.weight", "block 12", 12)


def test_numbers_within_words_are_names():
    assert names("conv1.weight", "conv2.weight") == ["conv1.weight", "conv2.weight"]


def test_numbers_that_leave_gaps_are_listed():
    assert together(["a.0.b.1", "a.2.b.1"]) == "a.{0,2}.b.1"
    assert together([f"a.{i}" for i in (0, 2, 4, 6, 8)]) == "a.{0,2,4,6,...}"


def test_a_scalar_counts_as_one_parameter():
    assert group([("steps", (), "I64", "")])[0]["parameters"] == 1
