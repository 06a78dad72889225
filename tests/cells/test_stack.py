"""Layers and directions of the cells torch lacks too: against finite differences, and by parts."""

from __future__ import annotations

import numpy as np
import pytest

from rnntool.cells import (
    CELLS,
    Array,
    Cell,
    Record,
    State,
    finite_differences,
    largest_relative_difference,
    unroll,
    unroll_stack,
)
from tests.cells.helpers import random_weights, same

cells = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)


def stack(
    cell: Cell, D: int, H: int, layers: int, directions: int
) -> tuple[list[list[dict[str, Array]]], np.random.Generator]:
    rng = np.random.default_rng(5)
    weights = [
        [random_weights(cell, D if n == 0 else directions * H, H, rng) for _ in range(directions)]
        for n in range(layers)
    ]
    return weights, rng


def random_states(cell: Cell, rng: np.random.Generator, B: int, H: int) -> list[list[State]]:
    return [
        [tuple(rng.normal(size=(B, H)) for _ in cell.states) for _ in range(2)] for _ in range(2)
    ]


@cells
def test_a_bidirectional_stack_equals_finite_differences(cell: Cell) -> None:
    weights, rng = stack(cell, 2, 2, 2, 2)
    x, doutputs = rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 3, 4))
    states, dstates = random_states(cell, rng, 2, 2), random_states(cell, rng, 2, 2)
    lengths = [3, 1]

    def loss() -> float:
        run = unroll_stack(cell, weights, x, states, lengths=lengths)
        last = sum(
            (part * dpart).sum()
            for layer, dlayer in zip(run.states, dstates, strict=True)
            for state, dstate in zip(layer, dlayer, strict=True)
            for part, dpart in zip(state, dstate, strict=True)
        )
        return float((run.outputs * doutputs).sum() + last)

    g = unroll_stack(cell, weights, x, states, lengths=lengths).backward(doutputs, dstates)
    moved: dict[str, Array] = {"x": x}
    own = {"dx": g.dx}
    for n, layer in enumerate(g.layers):
        for d, gradients in enumerate(layer):
            moved |= {f"{name}{n}{d}": W for name, W in weights[n][d].items()}
            own |= {f"{name}{n}{d}": dW for name, dW in gradients.dweights.items()}
            for name, part, dpart in zip(cell.states, states[n][d], gradients.dstate, strict=True):
                moved[f"{name}0{n}{d}"], own[f"d{name}0{n}{d}"] = part, dpart
    numeric = finite_differences(loss, moved)
    assert set(own) == set(numeric)
    for name, gradient in own.items():
        assert np.abs(gradient).max() > 0
        assert largest_relative_difference(gradient, numeric[name]) < 1e-6, name


@cells
def test_a_stack_is_its_layers_one_upon_another(cell: Cell) -> None:
    weights, rng = stack(cell, 3, 4, 2, 2)
    x, doutputs = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 8))
    records: list[list[list[Record]]] = []
    run = unroll_stack(cell, weights, x, records=records)
    lower = [unroll(cell, weights[0][d], x, reverse=d == 1) for d in range(2)]
    middle = np.concatenate([r.outputs for r in lower], axis=2)
    upper = [unroll(cell, weights[1][d], middle, reverse=d == 1) for d in range(2)]
    same(run.outputs, np.concatenate([r.outputs for r in upper], axis=2), rtol=0)
    same(run.states[1][1][0], upper[1].state[0], rtol=0)
    assert [[len(direction) for direction in layer] for layer in records] == [[5, 5], [5, 5]]
    same(np.stack([r["h"] for r in records[0][1]], axis=1), lower[1].outputs, rtol=0)

    g = run.backward(doutputs, summands=True)
    halves = np.split(doutputs, 2, axis=2)
    upper_g = [r.backward(half) for r, half in zip(upper, halves, strict=True)]
    dmiddle = np.split(upper_g[0].dx + upper_g[1].dx, 2, axis=2)
    lower_g = [r.backward(half) for r, half in zip(lower, dmiddle, strict=True)]
    same(g.dx, lower_g[0].dx + lower_g[1].dx)
    for d in range(2):
        same(g.layers[0][d].dh, lower_g[d].dh)
        same(g.layers[1][d].dh, upper_g[d].dh)
        summands = g.layers[0][d].summands
        assert summands is not None
        same(summands["dW_hh"].sum(axis=0), lower_g[d].dweights["dW_hh"])


@cells
def test_chunks_reach_every_layer(cell: Cell) -> None:
    weights, rng = stack(cell, 3, 4, 2, 1)
    x, doutputs = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 4))
    full = unroll_stack(cell, weights, x).backward(doutputs)
    cut = unroll_stack(cell, weights, x, chunk=2).backward(doutputs)
    same_as_full = unroll_stack(cell, weights, x, chunk=5).backward(doutputs)
    same(same_as_full.dx, full.dx, rtol=0)
    for n in range(2):
        a, b = cut.layers[n][0].dweights["dW_hh"], full.layers[n][0].dweights["dW_hh"]
        assert largest_relative_difference(a, b) > 1e-3


def test_only_the_last_states_may_carry_the_gradient() -> None:
    cell = CELLS["gru"]
    weights, rng = stack(cell, 3, 4, 2, 2)
    x, dstates = rng.normal(size=(2, 5, 3)), random_states(cell, rng, 2, 4)
    run = unroll_stack(cell, weights, x)
    same(run.backward(None, dstates).dx, run.backward(np.zeros((2, 5, 8)), dstates).dx, rtol=0)


def test_uneven_stacks_are_refused() -> None:
    cell = CELLS["rnn"]
    weights, rng = stack(cell, 3, 4, 2, 2)
    x = rng.normal(size=(2, 5, 3))
    with pytest.raises(ValueError, match=r"same number of directions.*\[2, 1\]"):
        unroll_stack(cell, [weights[0], weights[1][:1]], x)
    with pytest.raises(ValueError, match="same number of directions"):
        unroll_stack(cell, [], x)
    with pytest.raises(ValueError, match="2 layers of 2 directions"):
        unroll_stack(cell, weights, x, random_states(cell, rng, 2, 4)[:1])
