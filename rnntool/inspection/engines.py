"""What an explanation needs from a model: scores of texts, and their gradient along a path.

A score is the logit of a label against the rest, log p / (1 - p), in nats: for a softmax,
z_label minus the log of the sum of the others' exponentials; for a sigmoid, its input. For a
conditional random field, p is the marginal.

Shapes: N texts, S points of a path, T tokens, D inputs of the encoder, C labels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Texts = Sequence[Sequence[str]]


class Engine(ABC):
    """A classifier, or a tagger at one of its tokens; without dropout, as in prediction."""

    @abstractmethod
    def scores(self, texts: Texts, places: Sequence[int] | None = None) -> Floats:
        """[N, C] scores of each label.

        Args:
            texts: tokens; a text may be empty, but not for a tagger.
            places: for a tagger, the index of the token in each text; None for a classifier.
        """

    @abstractmethod
    def along(
        self, tokens: Sequence[str], scales: Floats, label: int, place: int | None = None
    ) -> tuple[Floats, Floats]:
        """The score of a label with all token vectors x_t scaled, and its gradient times x.

        Args:
            tokens: T tokens, at least one.
            scales: [S] α: the encoder reads α x.
            place: for a tagger, the index of the token.

        Returns:
            [S] scores F(α x), and [S, T] products x_t · ∂F/∂x_t (α x).
        """

    @abstractmethod
    def blanked(self, tokens: Sequence[str], place: int) -> Floats:
        """[C] a tagger's scores at a token whose vector is set to zero."""


def log_odds(z: Floats, several: bool = False) -> Floats:
    """[N, C] scores from the [N, C] inputs of a softmax, C ≥ 2.

    Args:
        several: a text may have several labels; each z then goes into a separate sigmoid.
    """
    return z if several else z - _rest(z)


def log_odds_gradient(z: Floats, label: int, several: bool = False) -> Floats:
    """[N, C] gradient of a label's score by z: 1 for the label, minus the others' softmax."""
    if several:
        own = np.zeros_like(z)
        own[:, label] = 1
        return own
    others = np.array(z)
    others[:, label] = -np.inf
    others = np.exp(others - others.max(axis=1, keepdims=True))
    found: Floats = -others / others.sum(axis=1, keepdims=True)
    found[:, label] = 1
    return found


def _rest(z: Floats) -> Floats:
    """[N, C] for each label, the log of the sum of the others' exponentials."""
    C = z.shape[1]
    others = np.where(np.eye(C, dtype=bool), -np.inf, z[:, None, :])  # [N, C, C]
    most = others.max(axis=2, keepdims=True)
    found: Floats = most[:, :, 0] + np.log(np.exp(others - most).sum(axis=2))
    return found


def probabilities(scores: Floats) -> Floats:
    """p from scores log p / (1 - p), without overflow."""
    found: Floats = 0.5 * (1 + np.tanh(0.5 * scores))
    return found
