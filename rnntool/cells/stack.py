"""Stacked layers, in one or both directions of time.

Layer l reads the outputs of layer l-1; with two directions each layer's output is the forward's
h_t and the backward's h_t side by side (Schuster and Paliwal, "Bidirectional Recurrent Neural
Networks", IEEE Transactions on Signal Processing 45, 1997).

Lists have the index [layer][direction]. Direction 0 reads from the first step to the last,
direction 1, if there is one, from the last to the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from rnntool.cells.cell import Array, Cell, Record, State, Weights
from rnntool.cells.unroll import Lengths, UnrolledCell, UnrollGradients, unroll

Layers: TypeAlias = Sequence[Sequence[Weights]]
States: TypeAlias = Sequence[Sequence[State]]


class StackGradients(NamedTuple):
    """The gradients from the backward function of `unroll_stack`."""

    dx: Array  # (B, T, D)
    layers: list[list[UnrollGradients]]  # [layer][direction]: dstate, dweights, dh, summands


class StackBackward(Protocol):
    """From ∂L/∂outputs (B, T, directions·H) and ∂L/∂last states; None stands for zeros."""

    def __call__(
        self,
        doutputs: Array | None = None,
        dstates: States | None = None,
        *,
        summands: bool = False,
    ) -> StackGradients:
        """Run the backward: see the class."""
        ...


class UnrolledStack(NamedTuple):
    """The result of `unroll_stack`."""

    outputs: Array  # (B, T, directions·H) of the top layer
    states: list[list[State]]  # [layer][direction], each part (B, H)
    backward: StackBackward


def unroll_stack(
    cell: Cell,
    layers: Layers,
    x: Array,
    states: States | None = None,
    *,
    lengths: Lengths | None = None,
    chunk: int | None = None,
    records: list[list[list[Record]]] | None = None,
    gradient: bool = True,
) -> UnrolledStack:
    """Run layers[l][direction] of weights over x (B, T, D); the rest as in `unroll`.

    records: gets, for each layer, a list of directions, each a list of T records.
    Raises ValueError where `unroll` does, and when layers or states are not one or two
    directions each, the same number in every layer.
    """
    directions = _directions(layers)
    if states is not None and [len(s) for s in states] != [directions] * len(layers):
        raise ValueError(f"states must be {len(layers)} layers of {directions} directions each")
    runs: list[list[UnrolledCell]] = []
    for n, layer in enumerate(layers):
        runs.append([])
        layer_records: list[list[Record]] = []
        for direction, weights in enumerate(layer):
            own: list[Record] | None = None if records is None else []
            start = None if states is None else states[n][direction]
            runs[n].append(
                unroll(
                    cell,
                    weights,
                    x,
                    start,
                    lengths=lengths,
                    reverse=direction == 1,
                    chunk=chunk,
                    records=own,
                    gradient=gradient,
                )
            )
            if own is not None:
                layer_records.append(own)
        if records is not None:
            records.append(layer_records)
        x = np.concatenate([run.outputs for run in runs[n]], axis=2)

    def backward(
        doutputs: Array | None = None, dstates: States | None = None, *, summands: bool = False
    ) -> StackGradients:
        gradients: list[list[UnrollGradients]] = []
        for n in range(len(layers) - 1, -1, -1):
            parts = _split(doutputs, directions)
            layer_gradients = [
                run.backward(
                    parts[d], None if dstates is None else dstates[n][d], summands=summands
                )
                for d, run in enumerate(runs[n])
            ]
            gradients.insert(0, layer_gradients)
            # Both directions read the same input: its gradient is the sum.
            doutputs = dx = sum((g.dx for g in layer_gradients[1:]), layer_gradients[0].dx)
        return StackGradients(dx, gradients)

    return UnrolledStack(x, [[run.state for run in layer] for layer in runs], backward)


def _directions(layers: Layers) -> int:
    counts = {len(layer) for layer in layers}
    if counts not in ({1}, {2}):
        raise ValueError(
            "each layer must have the same number of directions, 1 or 2, "
            f"but they have {[len(layer) for layer in layers]}"
        )
    return counts.pop()


def _split(doutputs: Array | None, directions: int) -> list[Array] | list[None]:
    if doutputs is None:
        return [None] * directions
    return np.split(doutputs, directions, axis=2)
