"""What the tests of the cells share: random cases, and a comparison that zeros cannot pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnntool.cells import Array, Cell, State

# (B, T, D, H): odd lengths, batch 1, T = 1, D and H apart so that no transposition fits.
SIZES = [(3, 7, 5, 4), (1, 5, 2, 3), (2, 1, 3, 4), (1, 1, 1, 1)]


class Case(NamedTuple):
    weights: dict[str, Array]
    x: Array
    state: State
    doutputs: Array
    dstate: State


def random_weights(cell: Cell, D: int, H: int, rng: np.random.Generator) -> dict[str, Array]:
    weights: dict[str, Array] = {
        name: rng.normal(0, 0.6, shape) for name, shape in cell.shapes(D, H).items()
    }
    if cell.name == "rnn-relu":
        weights["b"] += 1  # or whole small cases are dead units, with gradients of zero
    return weights


def case(cell: Cell, B: int, T: int, D: int, H: int, seed: int = 0) -> Case:
    """Random in every part: non-zero initial states, biases and gradients from above."""
    rng = np.random.default_rng(seed)
    return Case(
        random_weights(cell, D, H, rng),
        rng.normal(size=(B, T, D)),
        tuple(rng.normal(size=(B, H)) for _ in cell.states),
        rng.normal(size=(B, T, H)),
        tuple(rng.normal(size=(B, H)) for _ in cell.states),
    )


def same(ours: Array, expected: object, rtol: float = 1e-8) -> None:
    """Equal in shape and value, and not zero throughout."""
    wanted = np.asarray(expected)
    assert ours.shape == wanted.shape
    assert np.abs(ours).max() > 0
    np.testing.assert_allclose(ours, wanted, rtol=rtol, atol=1e-12)
