import numpy as np
import pytest
import torch

from components.batches import OrderedBatches, ShuffledBatches
from components.data import loader
from components.failures import InputError


def epoch(number, **changes):
    batches = ShuffledBatches(**({"windows": 50, "batch_size": 8, "seed": 3} | changes))
    batches.set_epoch(number)
    return list(batches)


def test_the_order_is_a_function_of_seed_and_epoch():
    assert epoch(0) == epoch(0)
    assert epoch(0) != epoch(1)
    assert epoch(0) != epoch(0, seed=4)


def test_a_model_that_is_to_overfit_sees_the_same_batches_in_every_epoch():
    assert epoch(5, same=True) == epoch(0)


def test_each_window_comes_once_and_the_incomplete_batch_is_left_out():
    seen = [index for batch in epoch(0) for index in batch]
    assert len(seen) == len(set(seen)) == 48
    left_out = [set(range(50)) - {i for b in epoch(n) for i in b} for n in range(5)]
    assert len({tuple(sorted(windows)) for windows in left_out}) > 1


def test_processes_share_the_same_global_batches():
    whole = epoch(2, batch_size=16)
    halves = [epoch(2, batch_size=8, rank=rank, processes=2) for rank in (0, 1)]
    for together, first, second in zip(whole, *halves, strict=True):
        assert sorted(together) == sorted(first + second)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_in_file_order_every_window_counts_once_over_all_processes(processes):
    shares = [OrderedBatches(29, 4, rank, processes) for rank in range(processes)]
    seen = [index for share in shares for batch in list(share)[: share.counted] for index in batch]
    assert sorted(seen) == list(range(29))


@pytest.mark.parametrize("windows", [3, 29])
def test_processes_meet_in_every_batch_even_of_fewer_than_they_are(windows):
    shares = [OrderedBatches(windows, 4, rank, 3) for rank in range(3)]
    assert len({len(list(share)) for share in shares}) == 1
    assert all(batch for share in shares for batch in share)


def test_less_than_one_batch_is_refused():
    with pytest.raises(InputError, match=r"data.batch_size=64 .* only 50 windows"):
        ShuffledBatches(50, 64, 0)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_split_is_loaded_in_batches_in_file_order(dataset, workers):
    batches = list(loader(dataset / "test.h5", batch_size=16, num_workers=workers))
    assert [len(batch["label"]) for batch in batches] == [16, 16, 8]
    assert batches[0]["input"].dtype == torch.float32
    assert batches[0]["label"].dtype == torch.int64
    whole = next(iter(loader(dataset / "test.h5", batch_size=40, num_workers=0)))
    np.testing.assert_array_equal(torch.cat([b["input"] for b in batches]), whole["input"])
