from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.failures import InputError
from components.folds import InFold, assign, chosen, counted

NAMES = st.lists(st.text(min_size=1, max_size=4), min_size=3, max_size=30, unique=True)


@st.composite
def asked(draw):
    """Subjects and a number of folds that they can make."""
    names = draw(NAMES)
    most = len(names)
    fewest = next(k for k in range(2, most + 1) if most - -(-most // k) >= 2)
    folds = draw(st.one_of(st.just("subject"), st.integers(fewest, most)))
    share = draw(st.floats(0, 1))
    return names, InFold(folds, seed=draw(st.integers(0, 2**32 - 1)), val_share=share)


@settings(max_examples=50)
@given(asked())
def test_each_subject_is_tested_once_by_a_model_that_has_not_seen_it(given):
    names, wanted = given
    folds = assign(names, wanted)
    assert Counter(name for fold in folds for name in fold.test) == Counter(names)
    for fold in folds:
        everybody = [*fold.train, *fold.val, *fold.test]
        assert sorted(everybody) == sorted(names)
        assert fold.train and fold.val and fold.test
    sizes = [len(fold.test) for fold in folds]
    assert max(sizes) - min(sizes) <= 1


@settings(max_examples=50)
@given(asked(), st.randoms())
def test_folds_follow_from_the_names_and_the_seed_alone(given, shuffler):
    names, wanted = given
    repeated = [*names, *names[:2]]
    shuffler.shuffle(repeated)
    assert assign(repeated, wanted) == assign(names, wanted)


def test_another_seed_makes_other_groups_and_other_validation_subjects():
    names = [f"s{i:02}" for i in range(15)]
    first, second = (assign(names, InFold(5, seed=seed)) for seed in (0, 1))
    assert [fold.test for fold in first] != [fold.test for fold in second]
    alone = [assign(names, InFold("subject", seed=seed)) for seed in (0, 1)]
    assert [f.test for f in alone[0]] == [f.test for f in alone[1]] == [(name,) for name in names]
    assert [f.val for f in alone[0]] != [f.val for f in alone[1]]
    assert len({fold.val for fold in alone[0]}) > 5  # and not the same people in every fold


def test_as_many_folds_as_subjects_are_leave_one_subject_out():
    names = [f"s{i}" for i in range(6)]
    assert assign(names, InFold(6)) == assign(names, InFold("subject"))
    assert counted(names, "subject") == 6


@pytest.mark.parametrize(
    ("names", "folds", "told"),
    [
        ("ab", "subject", r"data.folds=subject: there are only 2 subjects \(a, b\).*3 at least"),
        ("", 5, r"there are only 0 subjects \(none\)"),
        ("abcd", 5, r"data.folds=5: there are only 4 subjects; set 4 \(leave-one-subject-out\)"),
        ("abc", 2, r"data.folds=2: of 3 subjects too few are left .*; set more folds, up to 3"),
    ],
)
def test_too_few_subjects_are_told(names, folds, told):
    with pytest.raises(InputError, match=told):
        assign(names, InFold(folds))


@pytest.mark.parametrize("number", [None, 0, 4])
def test_a_fold_that_is_not_there_is_refused(number):
    with pytest.raises(InputError, match=rf"data.fold={number}: .* 3 folds.*one of 1 to 3"):
        chosen("abc", InFold("subject", number))
