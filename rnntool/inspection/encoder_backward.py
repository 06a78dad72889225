"""A trained encoder in float64 on the NumPy cells, with its backward, for explanations.

Shapes: B batch, T time, D input, H hidden, W units of the top layer, both directions together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnntool.cells import CELLS, Array, Cell, unroll
from rnntool.cells.unroll import Lengths, Mask, mask_of
from rnntool.inspection.pooled import ends
from rnntool.inspection.probe import trained_layers

Back = Callable[[Array, Array], Array]
Stack = Sequence[Sequence[Mapping[str, Array]]]  # weights by [layer][direction]


class Encoded(NamedTuple):
    """An encoder's output for a batch."""

    states: Array  # (B, T, W) of the top layer; 0 at padded steps if x is
    last: Array  # (B, W) each direction's last state
    real: Mask | None  # (B, T) False at padded steps; None: there are none
    backward: Back  # from ∂/∂states and ∂/∂last to ∂/∂x (B, T, D)


class EncoderWithBackward:
    """The recurrent layers of a run, the same as in models/recurrent.py and models/directional.py.

    Args:
        settings: of the run.
        tensors: its weights by name, in float64.
    """

    def __init__(self, settings: Mapping[str, Any], tensors: dict[str, Array]) -> None:
        self.cell: Cell = CELLS[settings["cell"]]
        self.layers = trained_layers(self.cell, tensors)
        self.residual = bool(settings.get("residual"))
        self.directions = len(self.layers[0])
        self.apart = settings.get("encoder", "recurrent") == "directional"

    @property
    def step_numbers(self) -> int:
        """The approximate number of values that a step of one row stores for its backward."""
        return sum(2 * p["W_hh"].size // p["W_hh"].shape[1] for layer in self.layers for p in layer)

    def encode(self, x: Array, lengths: Lengths | None = None, *, gradient: bool = True) -> Encoded:
        """Run all layers over x (B, T, D), right-padded where lengths (B,) are given.

        gradient=False stores nothing for the backward, which then raises RuntimeError.
        """
        B, T, _ = x.shape
        real = None if lengths is None else mask_of(lengths, B, T)
        if self.apart:  # each direction reads only the same direction below
            found = [self._stack([layer[d : d + 1] for layer in self.layers], d, x, lengths,
                                 gradient) for d in range(self.directions)]  # fmt: skip
        else:  # each layer reads both directions of the layer below
            found = [self._stack(self.layers, 0, x, lengths, gradient)]
        states = np.concatenate([own for own, _ in found], axis=2)
        last, back = ends(states, self.directions, lengths)

        def backward(dstates: Array, dlast: Array) -> Array:
            parts = np.split(dstates + back(dlast), len(found), axis=2)
            return _sum([own(part) for (_, own), part in zip(found, parts, strict=True)])

        return Encoded(states, last, real, backward)

    def _stack(
        self, layers: Stack, first: int, x: Array, lengths: Lengths | None, gradient: bool
    ) -> tuple[Array, Callable[[Array], Array]]:
        """The top layer's states, and the backward from their gradient to ∂/∂x.

        Args:
            first: the number of the layers' first direction; direction 1 reads backward.
        """
        states, runs = x, []
        for layer in layers:
            ways = [
                unroll(self.cell, weights, states, lengths=lengths, reverse=direction == 1,
                       gradient=gradient)
                for direction, weights in enumerate(layer, first)
            ]  # fmt: skip
            outputs = np.concatenate([way.outputs for way in ways], axis=2)
            adds = self.residual and outputs.shape == states.shape
            states = outputs + states if adds else outputs
            runs.append((ways, adds))

        def backward(dstates: Array) -> Array:
            for ways, adds in reversed(runs):
                parts = np.split(dstates, len(ways), axis=2)
                dx = _sum([way.backward(part).dx for way, part in zip(ways, parts, strict=True)])
                dstates = dx + dstates if adds else dx
            return dstates

        return states, backward


def _sum(parts: Sequence[Array]) -> Array:
    found: Array = sum(parts[1:], parts[0])
    return found
