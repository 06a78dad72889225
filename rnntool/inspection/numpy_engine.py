"""Scores and gradients of a run's model on the NumPy cells: no torch.

Shapes: N texts, S points of a path, T tokens, D inputs of the encoder, C labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnntool.cells import Array
from rnntool.formats.rundir import Run
from rnntool.formats.weights import read_weights
from rnntool.inference.encoder import missing_parts, vectors_of
from rnntool.inspection.encoder_backward import Encoded, EncoderWithBackward
from rnntool.inspection.engines import Engine, Floats, Texts, log_odds, log_odds_gradient
from rnntool.inspection.heads import two_classes
from rnntool.inspection.pooled import pool
from rnntool.inspection.spelled_tokens import SpelledTokens
from rnntool.models.tensor_names import class_output, token_vectors

_NUMBERS = 8_000_000  # kept for the backward pass at a time, to limit its memory


def can_explain(run: Run) -> bool:
    """Whether `NumpyEngine` supports the run's model; torch is used for all others."""
    settings = run.config.settings
    return not settings.get("crf") and set(missing_parts(settings)) <= {"--residual"}


class NumpyEngine(Engine):
    """The model of a run for which `can_explain` is true.

    Raises:
        KeyError, ValueError: the weights do not fit the settings.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        tensors: dict[str, Array] = {
            name: array.astype(np.float64) for name, array in read_weights(run.weights).items()
        }
        self.W: Floats
        self.b: Floats
        self.encoder = EncoderWithBackward(run.config.settings, tensors)
        self.embedding = token_vectors(tensors)
        self.W, self.b = class_output(tensors)
        self.several = run.config.settings.get("multi_label") is True
        if not self.several:
            self.W, self.b = two_classes(self.W, self.b)
        self.tags = run.config.task == "tag"
        self.spelled = SpelledTokens(run, tensors)

    def scores(self, texts: Texts, places: Sequence[int] | None = None) -> Floats:
        """See the class above."""
        longest = max(map(len, texts), default=0)
        found = []
        for start in range(0, len(texts), size := self._together(longest)):
            some = texts[start : start + size]
            vectors = [self._vectors(text) for text in some]
            where = None if places is None else np.array(places[start : start + size])
            found.append(self._of_vectors(vectors, where))
        return np.concatenate(found)

    def along(
        self, tokens: Sequence[str], scales: Floats, label: int, place: int | None = None
    ) -> tuple[Floats, Floats]:
        """See the class above."""
        x, size = self._vectors(tokens), self._together(len(tokens))
        parts = [
            self._gradient(x, scales[start : start + size], label, place)
            for start in range(0, len(scales), size)
        ]
        return np.concatenate([f for f, _ in parts]), np.concatenate([g for _, g in parts])

    def blanked(self, tokens: Sequence[str], place: int) -> Floats:
        """See the class above."""
        x = self._vectors(tokens)
        x[place] = 0
        found: Floats = self._of_vectors([x], np.array([place]))[0]
        return found

    def _together(self, T: int) -> int:
        return max(1, _NUMBERS // (max(1, T) * self.encoder.step_numbers))

    def _of_vectors(self, vectors: list[Array], places: Any) -> Floats:
        """[N, C] scores of texts of any lengths, each given as (T, D) vectors."""
        lengths = np.array([len(v) for v in vectors])
        x = np.zeros((len(vectors), int(lengths.max()), vectors[0].shape[1]))
        for row, own in zip(x, vectors, strict=True):
            row[: len(own)] = own
        encoded = self.encoder.encode(x, lengths, gradient=False)
        z, _ = self._head(encoded, places)
        return log_odds(z, self.several)

    def _gradient(
        self, x: Array, scales: Floats, label: int, place: int | None
    ) -> tuple[Floats, Floats]:
        """[S] and [S, T]: see `along`."""
        encoded = self.encoder.encode(scales[:, None, None] * x)
        z, back = self._head(encoded, place)
        dx: Floats = encoded.backward(*back(log_odds_gradient(z, label, self.several)))
        return log_odds(z, self.several)[:, label], (dx * x).sum(axis=2)

    def _head(self, encoded: Encoded, places: Any) -> tuple[Floats, Any]:
        """[N, C] inputs of the softmax, and their backward to the states and last states."""
        if self.tags:
            return self._tag_head(encoded, places)
        pooling = self.run.config.settings["pooling"]
        features, own = pool(pooling, encoded.states, encoded.last, encoded.real)
        return features @ self.W.T + self.b, lambda dz: own(dz @ self.W)

    def _tag_head(self, encoded: Encoded, places: Any) -> tuple[Floats, Any]:
        states = encoded.states
        at = (np.arange(len(states)), places)

        def back(dz: Floats) -> tuple[Floats, Floats]:
            dstates = np.zeros_like(states)
            dstates[at] = dz @ self.W
            return dstates, np.zeros_like(encoded.last)

        return states[at] @ self.W.T + self.b, back

    def _vectors(self, tokens: Sequence[str]) -> Array:
        """(T, D) the encoder's input for each token; a one-hot `<pad>` is zeros."""
        ids = np.array(self.run.vocabulary.encode(tokens), dtype=np.int64)
        x = vectors_of(ids, self.embedding, len(self.run.vocabulary))
        return self.spelled.beside(x, [tokens])
