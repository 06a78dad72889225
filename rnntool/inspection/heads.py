"""The loss on top of the recurrent layers, with its gradient, in NumPy.

A head computes the loss in nats and ∂L/∂outputs from the top layer's outputs (1, T, H) of one text.
With two directions, H contains both. The last state of each is that of its last step: step T - 1
forward, step 0 backward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnntool.cells import Array, cross_entropy
from rnntool.inspection.pooled import Pooled, pool


class HeadResult(NamedTuple):
    """A loss, and its gradients."""

    loss: float
    doutputs: Array  # (1, T, H·directions)
    dweights: dict[str, Array]  # `W` and `b` of the output layer; empty without an output layer
    target: int | None = None  # the class or token of the loss, if there is one


Head = Callable[[Array], HeadResult]


def classifier_head(pooling: str, directions: int, W: Array, b: Array, label: int | None) -> Head:
    """Cross-entropy of one class from pooled states (models/pooling.py), without smoothing.

    Args:
        W: (C, features); a single row is a sigmoid unit.
        label: the class; None: the likeliest one.
    """
    rows = slice(None)
    if len(W) == 1:  # σ(s) is the softmax of (0, s), where 0 is not a parameter
        rows = slice(1, None)
        W, b = np.concatenate([np.zeros_like(W), W]), np.concatenate([np.zeros_like(b), b])

    def head(outputs: Array) -> HeadResult:
        features, back = _pool(pooling, outputs, directions)
        z = features @ W.T + b
        target = int(z.argmax()) if label is None else label
        loss, backward = cross_entropy(z, np.array([target]))
        dz = backward()
        own = {"W": (dz.T @ features)[rows], "b": dz[0][rows]}
        return HeadResult(loss, back(dz @ W), own, target)

    return head


def language_head(W: Array, b: Array, target: int) -> Head:
    """Cross-entropy of the token after the last step.

    A language model is trained on the loss of every step. But at each state, the gradient of its
    own loss would hide the gradient from later losses. The last loss alone shows how far it flows.
    """

    def head(outputs: Array) -> HeadResult:
        loss, backward = cross_entropy(outputs[:, -1] @ W.T + b, np.array([target]))
        dz = backward()
        doutputs = np.zeros_like(outputs)
        doutputs[:, -1] = dz @ W
        return HeadResult(loss, doutputs, {"W": dz.T @ outputs[:, -1], "b": dz[0]}, target)

    return head


def direction_head(v: Array, directions: int) -> Head:
    """A loss for untrained networks: v · (last state), whose gradient by that state is v.

    With ‖v‖ = 1, the gradient of every network has norm 1 at the last step, so that networks can be
    compared.
    """

    def head(outputs: Array) -> HeadResult:
        features, back = _last(outputs, directions)
        return HeadResult(float(features[0] @ v), back(v[None]), {})

    return head


def _pool(kind: str, outputs: Array, directions: int) -> tuple[Array, Callable[[Array], Array]]:
    """(1, F) features, and the function from their gradient to that of the outputs (1, T, H)."""
    last, back_last = _last(outputs, directions)
    features, back = pool(kind, outputs, last)

    def whole(dfeatures: Array) -> Array:
        doutputs, dlast = back(dfeatures)
        return doutputs + back_last(dlast)

    return features, whole


def _last(outputs: Array, directions: int) -> Pooled:
    H = outputs.shape[2] // directions
    forward = outputs[:, -1, :H]
    features = np.concatenate([forward, outputs[:, 0, H:]], axis=1)

    def back(d: Array) -> Array:
        doutputs = np.zeros_like(outputs)
        doutputs[:, -1, :H] += d[:, :H]
        doutputs[:, 0, H:] += d[:, H:]
        return doutputs

    return features, back
