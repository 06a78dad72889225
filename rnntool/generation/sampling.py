"""The next token, drawn from a model's probabilities.

Shapes: V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn.

    Args:
        temperature: the scores are divided by it; below 1, likely tokens become more likely.
        top_k: draw only from the k likeliest tokens; 0: from all (Fan et al. 2018, §5.3).
        top_p: draw only from the likeliest tokens that together have this probability (nucleus;
        Holtzman et al. 2020, §3.1).
        greedy: always take the likeliest token.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    greedy: bool = False


def probabilities(log_probabilities: Floats, sampling: Sampling) -> Floats:
    """[V] the probability of drawing each token; 0 for excluded tokens."""
    scores = log_probabilities.astype(np.float64) / sampling.temperature
    if 0 < sampling.top_k < np.isfinite(scores).sum():
        # With equal scores at the border, the first in the vocabulary are kept: exactly k in all.
        kept = np.argsort(-scores, kind="stable")[: sampling.top_k]
        scores = _only(scores, kept)
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    if sampling.top_p < 1:
        order = np.argsort(-weights, kind="stable")
        before = np.cumsum(weights[order]) - weights[order]
        kept = order[before < sampling.top_p]
        chosen = np.zeros_like(weights)
        chosen[kept] = weights[kept]
        weights = chosen / chosen.sum()
    result: Floats = weights
    return result


def draw(log_probabilities: Floats, sampling: Sampling, generator: np.random.Generator) -> int:
    """One token's number."""
    if sampling.greedy:
        return int(log_probabilities.argmax())
    cumulative = np.cumsum(probabilities(log_probabilities, sampling))
    place = np.searchsorted(cumulative, generator.random() * cumulative[-1], side="right")
    return int(min(place, len(cumulative) - 1))


def _only(scores: Floats, kept: NDArray[np.int64]) -> Floats:
    masked = np.full_like(scores, -np.inf)
    masked[kept] = scores[kept]
    return masked
