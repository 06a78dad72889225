from __future__ import annotations

import numpy as np
import pytest

from rnntool.data.sequences import bucketed_batches, pack_sequences, sorted_batches
from rnntool.data.split import split_off

ROWS = [[4, 5, 6], [], [7], [8, 9]]


def test_padding_and_taking():
    sequences = pack_sequences(ROWS)
    ids, lengths = sequences.padded(np.array([3, 1, 0]))
    assert ids.tolist() == [[8, 9, 0], [0, 0, 0], [4, 5, 6]]
    assert lengths.tolist() == [2, 0, 3]
    taken = sequences.take(np.array([2, 0]))
    assert taken.padded(np.arange(2))[0].tolist() == [[7, 0, 0], [4, 5, 6]]
    only_empty = pack_sequences([[], []])
    assert only_empty.padded(np.arange(2))[0].tolist() == [[0], [0]]


@pytest.mark.parametrize("count", [1, 63, 64, 1000])
def test_bucketed_batches_hold_every_row_once_and_little_padding(count):
    lengths = np.random.default_rng(1).geometric(0.06, size=count)
    batches = bucketed_batches(lengths, 32, np.random.default_rng(2))
    assert sorted(np.concatenate(batches).tolist()) == list(range(count))
    assert max(map(len, batches)) <= 32
    if count == 1000:
        padded = sum(len(b) * lengths[b].max() for b in batches)
        assert padded < 1.2 * lengths.sum()
        assert [len(b) for b in batches] != sorted((len(b) for b in batches), reverse=True)


def test_batches_are_a_function_of_the_seed():
    lengths = np.arange(500) % 17
    orders = [
        np.concatenate(bucketed_batches(lengths, 32, np.random.default_rng(seed))).tolist()
        for seed in ([1, 1], [1, 1], [1, 2])
    ]
    assert orders[0] == orders[1] != orders[2]


def test_sorted_batches_bound_padded_tokens():
    lengths = np.array([1, 900, 3, 50, 50, 0])
    batches = list(sorted_batches(lengths, 100))
    assert sorted(np.concatenate(batches).tolist()) == list(range(6))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= 100


def test_the_validation_split_is_random_disjoint_and_reproducible():
    train, held = split_off(1000, 0.05, 3)
    assert (len(train), len(held)) == (950, 50)
    assert not set(train.tolist()) & set(held.tolist())
    assert np.array_equal(held, split_off(1000, 0.05, 3)[1])
    assert not np.array_equal(held, split_off(1000, 0.05, 4)[1])
    assert held.max() > 500 > held.min()
