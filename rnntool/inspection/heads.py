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
from rnntool.inspection.pooled import ends, pool


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
    rows = slice(1, None) if len(W) == 1 else slice(None)  # the zeros are not parameters
    W, b = two_classes(W, b)

    def head(outputs: Array) -> HeadResult:
        features, back = _pool(pooling, outputs, directions)
        z = features @ W.T + b
        target = int(z.argmax()) if label is None else label
        loss, backward = cross_entropy(z, np.array([target]))
        dz = backward()
        own = {"W": (dz.T @ features)[rows], "b": dz[0][rows]}
        return HeadResult(loss, back(dz @ W), own, target)

    return head


def two_classes(W: Array, b: Array) -> tuple[Array, Array]:
    """An output layer's weights; those of a single sigmoid unit with zeros for the other class.

    σ(s) is the softmax of (0, s).
    """
    if len(W) > 1:
        return W, b
    return np.concatenate([np.zeros_like(W), W]), np.concatenate([np.zeros_like(b), b])


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
        features, back = ends(outputs, directions)
        return HeadResult(float(features[0] @ v), back(v[None]), {})

    return head


def _pool(kind: str, outputs: Array, directions: int) -> tuple[Array, Callable[[Array], Array]]:
    """(1, F) features, and the function from their gradient to that of the outputs (1, T, H)."""
    last, back_last = ends(outputs, directions)
    features, back = pool(kind, outputs, last)

    def whole(dfeatures: Array) -> Array:
        doutputs, dlast = back(dfeatures)
        return doutputs + back_last(dlast)

    return features, whole
