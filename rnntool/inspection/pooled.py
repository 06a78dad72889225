"""Last states and pooling of states to one vector, with their backward, in NumPy.

The same as in models/recurrent.py and models/pooling.py.

Shapes: B batch, T time, W units of the top layer, both directions together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnntool.cells import Array
from rnntool.cells.unroll import Lengths, Mask

Back = Callable[[Array], tuple[Array, Array]]
Pooled = tuple[Array, Callable[[Array], Array]]


def ends(states: Array, directions: int, lengths: Lengths | None = None) -> Pooled:
    """[B, W] each direction's state where it ends reading, and the backward to the states.

    Args:
        states: [B, T, W], 0 at padded steps.
        lengths: [B] real steps, followed by padding; None: all are real.
    """
    B, T, W = states.shape
    if T == 0:
        return np.zeros((B, W), states.dtype), lambda d: np.zeros_like(states)
    n = np.full(B, T) if lengths is None else np.asarray(lengths)
    units = np.arange(W)
    # The first step is where the backward direction ends, and in an empty row a padded one.
    steps = np.where(units < W // directions, np.maximum(n - 1, 0)[:, None], 0)
    where = (np.arange(B)[:, None], steps, units)

    def back(d: Array) -> Array:
        dstates = np.zeros_like(states)
        dstates[where] = d
        return dstates

    return states[where], back


def pool(kind: str, states: Array, last: Array, real: Mask | None = None) -> tuple[Array, Back]:
    """`last`, `max` or `mean` of the states; `all`: the three side by side.

    Args:
        states: [B, T, W].
        last: [B, W] each direction's last state.
        real: [B, T] False at padded steps; None: there are none. An empty row pools to zeros.

    Returns:
        [B, F] features, and the backward from their gradient [B, F] to states and last.
    """
    parts = ("last", "max", "mean") if kind == "all" else (kind,)
    pooled = {part: _over_time(part, states, real) for part in parts if part != "last"}
    features = [last if part == "last" else pooled[part][0] for part in parts]

    def back(dfeatures: Array) -> tuple[Array, Array]:
        pieces = dict(zip(parts, np.split(dfeatures, len(parts), axis=1), strict=True))
        dstates = np.zeros_like(states)
        for part, (_, own) in pooled.items():
            dstates += own(pieces[part])
        return dstates, pieces.get("last", np.zeros_like(last))

    return np.concatenate(features, axis=1), back


def _over_time(part: str, states: Array, real: Mask | None) -> Pooled:
    B, T, W = states.shape
    if T == 0:
        return np.zeros((B, W), states.dtype), lambda d: np.zeros_like(states)
    if real is None:
        return _max(states) if part == "max" else _mean(states, np.full((B, 1), T))
    some = (real.sum(axis=1) > 0)[:, None]
    if part == "mean":  # the states are zero at padded steps
        return _mean(states, np.maximum(1, real.sum(axis=1))[:, None])
    features, back = _max(np.where(real[:, :, None] | ~some[:, :, None], states, -np.inf))
    return features * some, lambda d: back(d * some)


def _max(states: Array) -> Pooled:
    where = states.argmax(axis=1)[:, None]

    def back(d: Array) -> Array:
        dstates = np.zeros_like(states)
        np.put_along_axis(dstates, where, d[:, None], axis=1)
        return dstates

    return np.take_along_axis(states, where, axis=1)[:, 0], back


def _mean(states: Array, counts: Array) -> Pooled:
    T = states.shape[1]
    return states.sum(axis=1) / counts, lambda d: np.repeat((d / counts)[:, None], T, axis=1)
