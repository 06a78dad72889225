from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnntool.data.split import folds_of, split_off_stratified, uneven

CLASSES = st.lists(st.integers(0, 4), min_size=2, max_size=200).map(np.array)


@given(CLASSES, st.floats(0.01, 0.9), st.integers(0, 3))
def test_each_class_is_held_back_by_its_share_and_keeps_a_row(strata, share, seed):
    train, held = split_off_stratified(strata, share, seed)
    assert sorted([*train, *held]) == list(range(len(strata)))
    assert (np.diff(train) > 0).all()
    counts, kept = np.bincount(strata), np.bincount(strata[train], minlength=strata.max() + 1)
    wanted = max(1, round(len(strata) * share))
    for count, own in zip(counts, kept, strict=True):
        if count:
            assert own >= 1
            assert count - own <= int(count * wanted / len(strata)) + 1
    assert len(held) <= wanted
    again = split_off_stratified(strata, share, seed)
    assert np.array_equal(held, again[1])


def test_as_many_rows_as_without_classes_and_by_the_seed():
    strata = np.repeat([0, 1, 2], [900, 80, 20])
    train, held = split_off_stratified(strata, 0.1, 1)
    assert np.bincount(strata[held]).tolist() == [90, 8, 2]
    assert np.bincount(strata[train]).tolist() == [810, 72, 18]
    assert not np.array_equal(held, split_off_stratified(strata, 0.1, 2)[1])
    assert split_off_stratified(strata, 0.0, 1)[1].tolist() == []


@given(CLASSES, st.integers(2, 7), st.integers(0, 3))
def test_folds_are_even_in_rows_and_in_classes(strata, folds, seed):
    found = folds_of(strata, folds, seed)
    assert set(found) <= set(range(1, folds + 1))
    sizes = np.bincount(found, minlength=folds + 1)[1:]
    assert sizes.max() - sizes.min() <= 1
    for own in set(strata.tolist()):
        sizes = np.bincount(found[strata == own], minlength=folds + 1)[1:]
        assert sizes.max() - sizes.min() <= 1
    assert np.array_equal(found, folds_of(strata, folds, seed))


@pytest.mark.parametrize(
    ("counts", "expected"), [([50, 50], False), ([50, 49], False), ([90, 10], True), ([9, 2], True)]
)
def test_which_classes_are_uneven(counts, expected):
    assert uneven(np.array(counts)) is expected
