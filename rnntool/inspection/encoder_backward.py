"""A trained encoder in float64 on the NumPy cells, with its backward, for explanations.

Shapes: B batch, T time, D input, H hidden, W units of the top layer, both directions together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnntool.cells import CELLS, Array, Cell, UnrolledCell, unroll
from rnntool.cells.unroll import Lengths, Mask, mask_of
from rnntool.inspection.probe import trained_layers

Back = Callable[[Array, Array], Array]


class Encoded(NamedTuple):
    """An encoder's output for a batch."""

    states: Array  # (B, T, W) of the top layer; 0 at padded steps
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
        if self.apart:
            return self._two_stacks(x, lengths, real, gradient)
        return self._one_stack(x, lengths, real, gradient)

    def _run(
        self, layer: Sequence[Mapping[str, Array]], direction: int, x: Array,
        lengths: Lengths | None, gradient: bool,
    ) -> UnrolledCell:  # fmt: skip
        return unroll(
            self.cell, layer[direction], x, lengths=lengths, reverse=direction == 1,
            gradient=gradient,
        )  # fmt: skip

    def _adds(self, below: Array, above: Array) -> bool:
        """Whether a layer's input is added to its output."""
        return self.residual and below.shape == above.shape

    def _one_stack(
        self, x: Array, lengths: Lengths | None, real: Mask | None, gradient: bool
    ) -> Encoded:
        """Each layer reads both directions of the layer below; `last` is that of the top layer."""
        states, last = x, np.zeros((len(x), 0))
        backs: list[tuple[list[UnrolledCell], bool]] = []
        for layer in self.layers:
            ways = [self._run(layer, d, states, lengths, gradient) for d in range(len(layer))]
            below, states = states, np.concatenate([way.outputs for way in ways], axis=2)
            last = np.concatenate([way.state[0] for way in ways], axis=1)
            adds = self._adds(below, states)
            if adds:
                states = states + below
                last = last + _at_ends(below, lengths, len(ways))
            backs.append((ways, adds))

        def backward(dstates: Array, dlast: Array) -> Array:
            ends: list[Any] = [_end(way, d) for way, d in zip(
                backs[-1][0], np.split(dlast, len(backs[-1][0]), axis=1), strict=True)]  # fmt: skip
            for ways, adds in reversed(backs):
                parts = np.split(dstates, len(ways), axis=2)
                own = (way.backward(part, end).dx for way, part, end in zip(
                    ways, parts, ends, strict=True))  # fmt: skip
                dx: Array = sum(own, np.zeros(()))
                if adds:
                    dx = dx + dstates
                    if ways is backs[-1][0]:
                        _add_at_ends(dx, dlast, lengths, len(ways))
                dstates, ends = dx, [None] * len(ways)
            return dstates

        return Encoded(states, last, real, backward)

    def _two_stacks(
        self, x: Array, lengths: Lengths | None, real: Mask | None, gradient: bool
    ) -> Encoded:
        """Each direction reads only the same direction below; `last` is its top state."""
        stacks = [self._stack(d, x, lengths, gradient) for d in (0, 1)]
        H = stacks[0][0].shape[2]
        ends = _places_of_ends(x, lengths)
        rows = np.arange(len(x))
        some = (np.array(ends[0]) >= 0)[:, None]
        last = np.concatenate(
            [stacks[d][0][rows, ends[d]] if x.shape[1] else np.zeros((len(x), H)) for d in (0, 1)],
            axis=1,
        )

        def backward(dstates: Array, dlast: Array) -> Array:
            found = []
            for d, part in enumerate(np.split(dstates, 2, axis=2)):
                whole = part.copy()
                whole[rows, ends[d]] += dlast[:, d * H : (d + 1) * H]
                found.append(stacks[d][1](whole))
            return found[0] + found[1]

        return Encoded(np.concatenate([s for s, _ in stacks], axis=2), last * some, real, backward)

    def _stack(
        self, direction: int, x: Array, lengths: Lengths | None, gradient: bool
    ) -> tuple[Array, Callable[[Array], Array]]:
        """One direction's states (B, T, H), and the backward from their gradient to ∂/∂x."""
        states, backs = x, []
        for layer in self.layers:
            run = self._run(layer, direction, states, lengths, gradient)
            adds = self._adds(states, run.outputs)
            states = run.outputs + states if adds else run.outputs
            backs.append((run, adds))

        def backward(dstates: Array) -> Array:
            for run, adds in reversed(backs):
                dx = run.backward(dstates).dx
                dstates = dx + dstates if adds else dx
            return dstates

        return states, backward


def _end(way: UnrolledCell, dlast: Array) -> tuple[Array, ...]:
    """The gradient of a direction's last state, which is that of h only."""
    return (dlast, *(np.zeros_like(part) for part in way.state[1:]))


def _at_ends(states: Array, lengths: Lengths | None, directions: int) -> Array:
    """[B, T, H·directions] -> [B, H·directions]: each direction's half where it ends reading."""
    B, T, width = states.shape
    found = np.zeros((B, width))
    if T:
        rows, places = np.arange(B), _places_of_ends(states, lengths)
        for d, half in enumerate(np.split(np.arange(width), directions)):
            found[:, half] = states[rows, places[d]][:, half]
        found *= (np.array(places[0]) >= 0)[:, None]
    return found


def _add_at_ends(dstates: Array, dlast: Array, lengths: Lengths | None, directions: int) -> None:
    """Add the gradient of `_at_ends` to that of its states."""
    B, T, width = dstates.shape
    if T:
        rows, places = np.arange(B), _places_of_ends(dstates, lengths)
        real = dlast * (np.array(places[0]) >= 0)[:, None]
        for d, half in enumerate(np.split(np.arange(width), directions)):
            dstates[rows[:, None], np.array(places[d])[:, None], half] += real[:, half]


def _places_of_ends(x: Array, lengths: Lengths | None) -> tuple[Any, Any]:
    """The steps at which the forward and the backward direction end; -1 in an empty row."""
    last = np.full(len(x), x.shape[1] - 1) if lengths is None else np.asarray(lengths) - 1
    return last, np.zeros(len(x), dtype=int)
