"""The features of a biLM's two directions at each position of a text, on the NumPy cells.

Shapes: T tokens of a text, N positions, D embedding, H hidden, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.cells.softmax import log_softmax
from rnntool.inference.encoder import Encoder, Floats, encoder_of
from rnntool.inference.packed import Ints, pack_rows, side_by_side
from rnntool.machine import usable_cores
from rnntool.models.tensor_names import both_ways_output, both_ways_projections

_NUMBERS = 1 << 23  # log-probabilities computed at once, to bound the memory


@dataclass(frozen=True)
class Reading:
    """A text read by both directions, including `<bos>` and `<eos>` (or their substitutes)."""

    targets: Ints  # [T] numbers of its tokens in the softmax
    forward: Floats  # [T, D] features after reading this token, to predict the next one
    backward: Floats  # [T, D] features after reading this token, to predict the one before


class Softmax(Protocol):
    """Gives the probabilities of tokens."""

    def log_probabilities(self, known: Floats) -> Floats:
        """[N, V] log-probabilities of all tokens, in nats, from the features [N, D]."""


class NumpyBiLM:
    """The model of a `train bilm` run whose input is an embedding (not characters).

    Args:
        settings: of the run; `inference.encoder.can_encode` must be true for them.
        tensors: its weights by name, as `weights.safetensors` holds them.
        threads: number of batches computed at the same time; 0: one per core.

    Raises:
        ValueError: the sizes of the weights do not fit the settings.
    """

    def __init__(
        self, settings: Mapping[str, Any], tensors: Mapping[str, Floats], threads: int = 0
    ) -> None:
        self.encoder: Encoder = encoder_of({**settings, "encoder": "directional"}, tensors)
        self.rows, self.bias = both_ways_output(tensors)
        self.projections = both_ways_projections(tensors)
        self.threads = threads or usable_cores()

    def read(self, texts: Sequence[Sequence[int]]) -> list[Reading]:
        """Read texts given as token numbers."""
        found: list[Reading | None] = [None] * len(texts)

        def answer(rows: list[int]) -> None:
            packing, ids = pack_rows([texts[row] for row in rows])
            products = self.encoder.products(self.encoder.vectors(ids))
            *_, (ways, _) = self.encoder.every_layer(packing, products)
            known = [_projected(*pair) for pair in zip(ways, self.projections, strict=True)]
            for n, row in enumerate(rows):
                places = packing.starts[: len(texts[row])] + n
                found[row] = Reading(ids[places], known[0][places], known[1][places])

        if texts:
            side_by_side(answer, [len(text) for text in texts], self.threads)
        return [reading for reading in found if reading is not None]

    def log_probabilities(self, known: Floats) -> Floats:
        """[N, D] -> [N, V]; both directions share the softmax (Peters et al. 2018, equation 1)."""
        return log_softmax(known @ self.rows.T + self.bias)


def _projected(states: Floats, projection: tuple[Floats, Floats] | None) -> Floats:
    if projection is None:
        return states
    projected: Floats = states @ projection[0].T + projection[1]
    return projected


def likelihoods(
    model: Softmax, readings: Sequence[Reading]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The log-probabilities of each text's tokens, by each direction.

    Yields:
        [T - 1] log-probabilities in nats of the tokens after the first, by the forward direction,
        and [T - 1] of the tokens before the last, by the backward one.
    """
    for reading in readings:
        yield (
            _of_targets(model, reading.forward[:-1], reading.targets[1:]),
            _of_targets(model, reading.backward[1:], reading.targets[:-1]),
        )


def _of_targets(model: Softmax, known: Floats, targets: Ints) -> NDArray[np.float64]:
    """[N] ln p of the true token at each position."""
    parts: list[NDArray[np.float64]] = [np.zeros(0)]
    start, size = 0, 1
    while start < len(known):
        values = model.log_probabilities(known[start : start + size])
        own = targets[start : start + size]
        parts.append(values[np.arange(len(own)), own].astype(np.float64))
        start, size = start + size, max(1, _NUMBERS // values.shape[1])
    return np.concatenate(parts)
