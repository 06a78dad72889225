"""Drawing: frequencies follow the softmax, excluded tokens never come."""

from __future__ import annotations

import numpy as np
import pytest

from rnntool.generation.sampling import Sampling, draw, probabilities

LOGS = np.log(np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04]))
DRAWS = 20_000


def counts(sampling: Sampling, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    drawn = [draw(LOGS, sampling, generator) for _ in range(DRAWS)]
    return np.bincount(drawn, minlength=len(LOGS))


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.0, 1.5, 5.0])
def test_frequencies_follow_the_softmax_at_each_temperature(temperature):
    weights = np.exp(LOGS) ** (1 / temperature)
    expected = DRAWS * weights / weights.sum()
    found = counts(Sampling(temperature))
    chi_square = float(((found - expected) ** 2 / expected).sum())
    assert chi_square < 20.5  # 99.9 % point of 5 degrees of freedom
    others = DRAWS * np.exp(LOGS)
    if temperature != 1:
        assert ((found - others) ** 2 / others).sum() > 100


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_never_gives_an_excluded_token(k):
    found = counts(Sampling(temperature=2.0, top_k=k))
    assert (found[:k] > 0).all()
    assert found[k:].sum() == 0


@pytest.mark.parametrize(("p", "kept"), [(0.3, 1), (0.4, 1), (0.41, 2), (0.66, 3), (0.999, 6)])
def test_top_p_keeps_the_smallest_set_with_that_probability(p, kept):
    weights = probabilities(LOGS, Sampling(top_p=p))
    assert (weights > 0).sum() == kept
    assert weights.sum() == pytest.approx(1)
    found = counts(Sampling(top_p=p))
    assert found[kept:].sum() == 0


def test_greedy_is_the_likeliest():
    assert {draw(LOGS, Sampling(greedy=True), np.random.default_rng(s)) for s in range(20)} == {0}


def test_masked_tokens_stay_out_at_any_temperature():
    logs = LOGS.copy()
    logs[0] = -np.inf
    generator = np.random.default_rng(0)
    assert 0 not in {draw(logs, Sampling(50.0), generator) for _ in range(2000)}
    assert probabilities(logs, Sampling(top_k=5))[0] == 0
