"""People and splits: never one in two."""

import numpy as np
import pytest

from components.convert.splitting import split_of
from components.convert.wishes import Wishes
from components.failures import InputError
from components.recordings import Settings

SETTINGS = Settings(window=1, stride=1)


def people(count, classes=2):
    return {f"p{n:02d}": np.full(classes, 10) for n in range(count)}


def held(found):
    return {split: sum(own == split for own in found.values()) for split in found.values()}


def test_shares_are_of_subjects_and_the_seed_decides_who():
    wishes = [Wishes(SETTINGS, split="0.7,0.15,0.15", seed=seed) for seed in (0, 0, 1)]
    one, same, other = (split_of(people(20), w) for w in wishes)
    assert held(one) == {"train": 14, "val": 3, "test": 3}
    assert one == same != other
    assert held(split_of(people(3), wishes[0])) == {"train": 1, "val": 1, "test": 1}
    assert held(split_of(people(5), Wishes(SETTINGS, split="0.8,0,0.2"))) == {"train": 4, "test": 1}


def test_too_few_subjects_for_the_splits():
    with pytest.raises(InputError, match="3 splits need as many subjects, but there are 2"):
        split_of(people(2), Wishes(SETTINGS))


@pytest.mark.parametrize("share", ["0.5,0.5", "0.5,0.6,0.1", "1.5,-0.5,0", "0,0,0", "nan,0,1"])
def test_shares_that_are_none(share):
    with pytest.raises(InputError, match="sum to 1"):
        split_of(people(9), Wishes(SETTINGS, split=share))


def test_stratified_splits_have_the_classes_in_like_shares():
    """Four ill and twelve healthy: drawn blindly, a split of four has none ill every third time."""
    counts = {f"p{n:02d}": np.array([40, 0] if n % 4 else [0, 40]) for n in range(16)}
    for seed in range(5):
        wishes = Wishes(SETTINGS, split="0.5,0.25,0.25", stratify=True, seed=seed)
        found = split_of(counts, wishes)
        ill = [
            sum(counts[p][1] > 0 for p in found if found[p] == s) for s in ("train", "val", "test")
        ]
        assert ill == [2, 1, 1] and held(found) == {"train": 8, "val": 4, "test": 4}


def test_a_table_says_who_is_where(tmp_path):
    table = tmp_path / "splits.tsv"
    table.write_text("participant_id\tsplit\nsub-01\ttrain\nsub-02\tval\n03\ttest\n04\ttest\n")
    counts = {name: np.ones(2) for name in ("01", "02", "03")}
    found = split_of(counts, Wishes(SETTINGS, split=str(table)))
    assert found == {"01": "train", "02": "val", "03": "test"}


def test_a_table_that_leaves_someone_out_or_names_one_twice(tmp_path):
    table = tmp_path / "splits.csv"
    table.write_text("subject,split\n01,train\n01,test\n02,dev\n")
    with pytest.raises(InputError) as told:
        split_of({"01": np.ones(2), "09": np.ones(2)}, Wishes(SETTINGS, split=str(table)))
    lines = str(told.value).splitlines()
    assert len(lines) == 3
    assert "01 is in train and in test" in lines[0] and "line 4" in lines[1] and "09" in lines[2]
