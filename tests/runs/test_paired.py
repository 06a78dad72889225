"""Intervals and exact tests against scipy and counting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rnntool.runs.paired import exact_test, mean, paired_bootstrap


def test_the_interval_of_a_mean_is_scipys_paired_percentile_bootstrap():
    rng = np.random.default_rng(0)
    a, b = rng.random(300) < 0.7, rng.random(300) < 0.8
    found = paired_bootstrap("accuracy", mean(a * 1.0), mean(b * 1.0), 20_000, 1)
    theirs = stats.bootstrap(
        (a * 1.0, b * 1.0), lambda x, y, axis: y.mean(axis) - x.mean(axis), paired=True,
        vectorized=True, method="percentile", n_resamples=20_000, rng=np.random.default_rng(2),
    ).confidence_interval  # fmt: skip
    assert found.difference == pytest.approx(b.mean() - a.mean())
    assert (found.a, found.b) == pytest.approx((a.mean(), b.mean()))
    # The bounds lie on a grid of 1/300; both are drawn, so they may be a step apart.
    assert found.low == pytest.approx(theirs.low, abs=0.0035)
    assert found.high == pytest.approx(theirs.high, abs=0.0035)
    assert found.low < found.difference < found.high


def test_a_ratio_of_sums_is_drawn_row_by_row():
    rng = np.random.default_rng(3)
    sizes = rng.integers(1, 30, 80).astype(float)
    a, b = rng.binomial(sizes.astype(int), 0.6), rng.binomial(sizes.astype(int), 0.7)
    found = paired_bootstrap("f", np.stack([a, sizes], 1), np.stack([b, sizes], 1), 20_000, 1)
    drawn = rng.integers(0, 80, (20_000, 80))
    differences = (b[drawn].sum(1) - a[drawn].sum(1)) / sizes[drawn].sum(1)
    low, high = np.percentile(differences, [2.5, 97.5])
    assert found.difference == pytest.approx((b.sum() - a.sum()) / sizes.sum())
    assert found.low == pytest.approx(low, abs=0.003)
    assert found.high == pytest.approx(high, abs=0.003)


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    values = np.random.default_rng(1).normal(size=(2, 50))
    first, again, other = (
        paired_bootstrap("loss", mean(values[0]), mean(values[1]), 500, seed) for seed in (4, 4, 5)
    )
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (3, 9), (10, 10), (40, 22)])
def test_the_exact_test_counts_coin_tosses(only_a, only_b):
    a = np.array([True] * only_a + [False] * only_b + [True] * 5 + [False] * 2)
    b = np.array([False] * only_a + [True] * only_b + [True] * 5 + [False] * 2)
    found = exact_test("McNemar", a, b, "rows")
    n = only_a + only_b
    tail = sum(math.comb(n, k) for k in range(min(only_a, only_b) + 1)) / 2**n
    assert found.p == pytest.approx(min(1.0, 2 * tail))
    assert (found.both, found.only_a, found.only_b, found.neither) == (5, only_a, only_b, 2)
