"""Vectors + vocabulary -> the initial embedding matrix of a model.

Shapes: V vocabulary, D dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnntool.errors import UserError
from rnntool.formats.vectors import read_vectors
from rnntool.text.vocabulary import PAD_ID, SPECIALS, Vocabulary


@dataclass(frozen=True)
class EmbeddingMatrix:
    """A row for each token of a vocabulary, and the origin of each row."""

    weights: NDArray[np.float32]  # [V, D]
    known: NDArray[np.bool_]  # [V] the vectors contain this token
    composed: NDArray[np.bool_]  # [V] built from character n-grams (fastText)
    counts: NDArray[np.int64]  # [V] how often the token occurs in the corpus
    path: str

    def coverage_report(self) -> str:
        """How much of the vocabulary, and of the running text, the vectors cover."""
        words = slice(len(SPECIALS), None)
        types, tokens = self.known[words], self.counts[words]
        total = max(1, int(tokens.sum()))
        text = (
            f"{self.path}: {self.weights.shape[1]}-dimensional vectors for {types.sum():,} of"
            f" {len(types):,} types ({types.mean() if len(types) else 0:.2%}),"
            f" {tokens[types].sum() / total:.2%} of the tokens"
        )
        composed = int(self.composed.sum())
        rest = len(types) - int(types.sum()) - composed
        if composed:
            text += f"; {composed:,} types composed of n-grams"
        return text + (f"; {rest:,} types start at random" if rest else "")


def load_matrix(path: str, vocabulary: Vocabulary, *, seed: int = 1) -> EmbeddingMatrix:
    """The matrix for a vocabulary.

    A token without a vector gets one from its character n-grams, if the file has them (Bojanowski
    et al. 2017). Otherwise it is drawn from a normal distribution with the mean and deviation of
    the known rows in each dimension. The row of `<pad>` is zero.

    Raises:
        UserError: the file cannot be read, or has no token of the vocabulary.
    """
    vectors = read_vectors(path)
    known = np.array([token in vectors.key_to_index for token in vocabulary.tokens])
    if not known.any():
        raise UserError(
            "contains no word of the vocabulary",
            where=path,
            hint=f"were they trained on tokens of {vocabulary.tokenizer!r}?",
        )
    rows = [vectors.key_to_index[t] for t in vocabulary.tokens if t in vectors.key_to_index]
    found = vectors.vectors[rows]
    generator = np.random.default_rng(seed)
    shape = (len(vocabulary), vectors.vector_size)
    weights = generator.standard_normal(shape, dtype=np.float32)
    weights = weights * found.std(axis=0) + found.mean(axis=0)
    weights[known] = found
    composed = _compose(vectors, vocabulary, known, weights)
    weights[PAD_ID] = 0
    counts = np.asarray(vocabulary.counts, dtype=np.int64)
    return EmbeddingMatrix(weights.astype(np.float32), known, composed, counts, path)


def _compose(
    vectors: Any,
    vocabulary: Vocabulary,
    known: NDArray[np.bool_],
    weights: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Fill rows from character n-grams if the file has them; returns which rows were filled."""
    composed = np.zeros(len(vocabulary), dtype=bool)
    if not hasattr(vectors, "vectors_ngrams"):
        return composed
    for i, token in enumerate(vocabulary.tokens[len(SPECIALS) :], start=len(SPECIALS)):
        if not known[i]:
            weights[i] = vectors.get_vector(token)
            composed[i] = True
    return composed
