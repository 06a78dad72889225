"""Softmax and cross-entropy, stable for logits of any size.

softmax(z)_v = e^{z_v} / Σ_u e^{z_u}, unchanged when one number is added to every z. Subtracting
the largest first makes all exponents ≤ 0, which cannot overflow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from rnntool.cells.cell import Array


def log_softmax(z: Array) -> Array:
    """log softmax over the last axis: (…, V) -> (…, V)."""
    shifted = z - z.max(axis=-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def softmax(z: Array) -> Array:
    """Softmax over the last axis: (…, V) -> (…, V), each row summing to 1."""
    return np.exp(log_softmax(z))


def cross_entropy(
    z: Array, targets: npt.NDArray[np.integer[Any]], mask: npt.NDArray[np.bool_] | None = None
) -> tuple[float, Callable[[], Array]]:
    """The mean of -log softmax(z)[target], and a backward that returns dz.

    z (…, V); targets (…), numbers 0 to V-1; mask (…), True where a position counts. Other
    positions (padding) may hold any target and get a gradient of zero.
    Raises ValueError when shapes do not fit, a target is not in the vocabulary, or no
    position counts.
    """
    V = z.shape[-1]
    counts = np.ones(targets.shape, np.bool_) if mask is None else mask
    if targets.shape != z.shape[:-1] or counts.shape != targets.shape:
        raise ValueError(f"targets {targets.shape} and mask {counts.shape} must be {z.shape[:-1]}")
    if not counts.any():
        raise ValueError("no position counts: the mean of no losses is undefined")
    chosen = targets[counts]
    if chosen.min() < 0 or chosen.max() >= V:
        wrong = chosen[(chosen < 0) | (chosen >= V)][0]
        raise ValueError(f"target {wrong} is outside 0 to {V - 1}")
    log_y = log_softmax(z[counts])  # (N, V), N = positions that count
    N = len(chosen)
    loss = -float(log_y[np.arange(N), chosen].mean())

    def backward() -> Array:
        dz_counted = np.exp(log_y)
        dz_counted[np.arange(N), chosen] -= 1  # softmax(z) - one-hot(target)
        dz = np.zeros_like(z)
        dz[counts] = dz_counted / N
        return dz

    return loss, backward
