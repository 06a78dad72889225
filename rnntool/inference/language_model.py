"""A language model's forward pass, a token at a time, on the NumPy cells.

Importing torch takes longer than generating a page, and for a batch of one the overhead of its
kernels is most of a step. The first layer's input product is looked up in a table made once.

Shapes: B batch, H hidden, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnntool.cells import CELLS
from rnntool.cells.cell import State
from rnntool.cells.softmax import log_softmax
from rnntool.cells.torch_layout import from_torch
from rnntool.models.tensor_names import (
    adaptive_output,
    condition,
    language_output,
    layer_tensors,
    token_vectors,
)

Floats = NDArray[Any]
States = list[State]  # one per layer
_TABLE = 1 << 26  # numbers of the first layer's table at most; more are computed step by step


class StepModel(Protocol):
    """A model that predicts token by token; the first axis of its states is the batch."""

    def zero_states(self) -> States:
        """The state before the first token, for one text."""

    def step(self, ids: NDArray[np.int64], states: States) -> tuple[Floats, States]:
        """Read one token each: [B] -> [B, V] log-probabilities of the next, and new states."""


def can_step(settings: Mapping[str, Any]) -> bool:
    """Whether `NumpyLanguageModel` supports a run of `train lm` with these settings."""
    return not (settings.get("layer_norm") or settings.get("residual"))


class NumpyLanguageModel:
    """The model of a run of `train lm`.

    Args:
        cell: `rnn`, `lstm` or `gru`.
        tensors: its weights by name, as `weights.safetensors` holds them.
        vector: [F] the input of a captioning model: it becomes the first state or an input at
            each step.
    """

    def __init__(
        self, cell: str, tensors: Mapping[str, Floats], vector: Floats | None = None
    ) -> None:
        self.cell = CELLS[cell]
        self._start: States | None = None
        self._vector: Floats | None = None
        self.layers: list[dict[str, Floats]] = [
            from_torch(self.cell, own, prefix)[0][0] for ((prefix, own),) in layer_tensors(tensors)
        ]
        if vector is not None:
            self._lead(tensors, vector)
        self._output = _output(tensors)
        self._embedding = token_vectors(tensors)
        first = self.layers[0]
        V = len(first["W_xh"].T) if self._embedding is None else len(self._embedding)
        self.size = self.outputs = V
        fits = V * len(first["b"]) <= _TABLE
        self._table = self._inputs(np.arange(V)) @ first["W_xh"].T + first["b"] if fits else None

    def zero_states(self, batch: int = 1) -> States:
        """The state before the first token."""
        if self._start is not None:
            return [tuple(part.repeat(batch, axis=0) for part in layer) for layer in self._start]
        return [
            self.cell.zero_state(batch, p["W_hh"].shape[1], p["W_hh"].dtype) for p in self.layers
        ]

    def step(self, ids: NDArray[np.int64], states: States) -> tuple[Floats, States]:
        """Read one token each.

        Args:
            ids: [B] token numbers.
            states: of each layer.

        Returns:
            [B, V] log-probabilities of the next token in nats, and the states after this one.
        """
        h, after = self.advance(ids, states)
        return self.log_probabilities(h), after

    def log_probabilities(self, h: Floats) -> Floats:
        """[N, V] log-probabilities of the next tokens in nats, from top states [N, H]."""
        found: Floats = self._output(h)
        return found

    def advance(self, ids: NDArray[np.int64], states: States) -> tuple[Floats, States]:
        """Read one token each: [B] -> the top layer's [B, H], and the states after it."""
        after: States = []
        x = np.empty((len(ids), 0)) if self._table is not None else self._inputs(ids)
        a_x = None if self._table is None else self._table[ids]
        for p, state in zip(self.layers, states, strict=True):
            new, _ = self.cell.step(p, x, state, a_x)
            after.append(new)
            x, a_x = new[0], None
        return x, after

    def _lead(self, tensors: Mapping[str, Floats], vector: Floats) -> None:
        """Apply a captioning model's vector before the first step, as models/caption.py does."""
        own = condition(tensors)
        scaled = (vector - own.mean) / own.deviation
        if own.weight is None:
            self._vector = scaled.astype(np.float32)
            return
        flat = np.tanh(own.weight @ scaled + own.bias)
        parts = iter(np.split(flat.astype(np.float32)[None], np.cumsum(self._sizes())[:-1], axis=1))
        self._start = [tuple(next(parts) for _ in self.cell.states) for _ in self.layers]

    def _sizes(self) -> list[int]:
        """The size H of every part of every layer's state."""
        return [p["W_hh"].shape[1] for p in self.layers for _ in self.cell.states]

    def _inputs(self, ids: NDArray[np.int64]) -> Floats:
        """[N, D] inputs of tokens; a one-hot `<pad>` is zeros."""
        if self._embedding is not None:
            found: Floats = self._embedding[ids]
            if self._vector is None:
                return found
            return np.concatenate([found, np.repeat(self._vector[None], len(ids), axis=0)], axis=1)
        unit = np.eye(self.layers[0]["W_xh"].shape[1], dtype=self.layers[0]["W_xh"].dtype)[ids]
        unit[ids == 0] = 0
        return unit


def _output(tensors: Mapping[str, Floats]) -> Any:
    """The function from [B, H] states to [B, V] log-probabilities."""
    plain = language_output(tensors)
    if plain is not None:
        weight, bias = np.ascontiguousarray(plain[0].T), plain[1]
        return lambda h: log_softmax(h @ weight + bias)
    head, tails = adaptive_output(tensors)
    return lambda h: _adaptive(head, tails, h)


def _adaptive(weights: Floats, pairs: list[tuple[Floats, Floats]], h: Floats) -> Floats:
    """Grave et al. 2017: a class's probability (in the head) times a token's within the class."""
    head = log_softmax(h @ weights.T)
    tails = [log_softmax(h @ down.T @ up.T) for down, up in pairs]
    first = head.shape[1] - len(tails)
    classes = [tail + head[:, first + n, None] for n, tail in enumerate(tails)]
    return np.concatenate([head[:, :first], *classes], axis=1)
