"""One time step of every cell: against the written equation, and against finite differences."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

from rnntool.cells import (
    CELLS,
    Cell,
    finite_differences,
    gru,
    largest_relative_difference,
    lstm,
    rnn,
    step_jacobian,
)
from tests.cells.helpers import SIZES, case, same
from tests.cells.written import STEPS

cells = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
sizes = pytest.mark.parametrize("size", SIZES)


def test_the_registry_names_each_cell_and_each_has_a_written_equation() -> None:
    assert all(name == cell.name for name, cell in CELLS.items())
    assert set(CELLS) == set(STEPS)


@cells
@sizes
def test_a_step_and_its_backward_equal_the_written_equation_and_autograd(
    cell: Cell, size: tuple[int, int, int, int]
) -> None:
    c = case(cell, *size)
    x = c.x[:, 0]
    state, backward = cell.step(c.weights, x, c.state)
    gradients = backward(c.dstate)

    p = {name: torch.tensor(W, requires_grad=True) for name, W in c.weights.items()}
    x_t = torch.tensor(x, requires_grad=True)
    before = tuple(torch.tensor(part, requires_grad=True) for part in c.state)
    after = STEPS[cell.name](p, x_t, before)
    torch.autograd.backward(after, tuple(map(torch.tensor, c.dstate)))

    for ours, theirs in zip(state, after, strict=True):
        same(ours, theirs.detach())
    same(gradients.dx, x_t.grad)
    for ours, theirs in zip(gradients.dstate, before, strict=True):
        same(ours, theirs.grad)
    assert set(gradients.dweights) == {f"d{name}" for name in c.weights}
    for name, W in p.items():
        same(gradients.dweights[f"d{name}"], W.grad)


@cells
def test_a_step_equals_finite_differences(cell: Cell) -> None:
    c = case(cell, 3, 1, 5, 4)
    x = c.x[:, 0].copy()

    def loss() -> float:
        state, _ = cell.step(c.weights, x, c.state)
        return float(sum((s * d).sum() for s, d in zip(state, c.dstate, strict=True)))

    states = dict(zip(cell.states, c.state, strict=True))
    numeric = finite_differences(loss, {"x": x, **states, **c.weights})
    _, backward = cell.step(c.weights, x, c.state)
    g = backward(c.dstate)
    own = {"dx": g.dx, **g.dweights}
    own |= {f"d{n}": d for n, d in zip(cell.states, g.dstate, strict=True)}
    assert set(own) == set(numeric)
    for name, gradient in own.items():
        assert np.abs(gradient).max() > 0
        assert largest_relative_difference(gradient, numeric[name]) < 1e-6, name


@cells
def test_the_projected_input_may_be_given_and_the_record_is_of_the_same_step(cell: Cell) -> None:
    c = case(cell, 3, 1, 5, 4)
    x, record = c.x[:, 0], {}
    a_x = x @ c.weights["W_xh"].T + c.weights["b"]
    state, backward = cell.step(c.weights, x, c.state, a_x, record)
    plain, plain_backward = cell.step(c.weights, x, c.state)
    for a, b in zip(state, plain, strict=True):
        same(a, b, rtol=0)
    same(backward(c.dstate).dx, plain_backward(c.dstate).dx, rtol=0)
    assert set(record) == {"a", *(set(cell.blocks) | set(cell.states))}
    assert record["a"].shape == (3, len(cell.blocks) * 4)
    same(record["h"], state[0], rtol=0)
    gates = {"i", "f", "o", "r", "z"} & set(record)
    blocks = np.split(record["a"], len(cell.blocks), axis=1)
    for name, a in zip(cell.blocks, blocks, strict=True):
        if name in gates:
            same(record[name], 1 / (1 + np.exp(-a)))
        elif name == "g":
            same(record[name], np.tanh(a))


def test_the_two_published_forms_of_gru_differ() -> None:
    c = case(CELLS["gru-reset-before"], 2, 1, 3, 4)
    before, _ = CELLS["gru-reset-before"].step(c.weights, c.x[:, 0], c.state)
    with_bias = {**c.weights, "b_hg": np.zeros(4)}
    after, _ = CELLS["gru"].step(with_bias, c.x[:, 0], c.state)
    assert np.abs(before[0] - after[0]).min() > 1e-4


@cells
def test_float32_stays_float32(cell: Cell) -> None:
    c = case(cell, 2, 1, 3, 4)
    p = {name: W.astype(np.float32) for name, W in c.weights.items()}
    before = tuple(part.astype(np.float32) for part in c.state)
    record: dict[str, np.ndarray] = {}
    state, backward = cell.step(p, c.x[:, 0].astype(np.float32), before, None, record)
    g = backward(tuple(part.astype(np.float32) for part in c.dstate))
    everything = [*state, g.dx, *g.dstate, *g.dweights.values(), *record.values()]
    assert {a.dtype for a in everything} == {np.dtype(np.float32)}


@cells
def test_saturated_gates_neither_overflow_nor_warn(cell: Cell) -> None:
    c = case(cell, 2, 1, 3, 4)
    huge = {name: W * 1e6 for name, W in c.weights.items()}
    with np.errstate(all="raise", under="ignore"):
        state, backward = cell.step(huge, c.x[:, 0], c.state)
        assert np.isfinite(backward(c.dstate).dx).all()
    assert all(np.isfinite(part).all() for part in state)


@cells
def test_the_jacobian_equals_autograd_and_carries_the_gradient(cell: Cell) -> None:
    c = case(cell, 1, 1, 5, 4)
    before = tuple(part[0] for part in c.state)
    J = step_jacobian(cell, c.weights, c.x[0, 0], before)

    p = {name: torch.tensor(W) for name, W in c.weights.items()}

    def written(flat: torch.Tensor) -> torch.Tensor:
        parts = tuple(part[None] for part in flat.split(4))
        return torch.cat(STEPS[cell.name](p, torch.tensor(c.x[:, 0]), parts), dim=1)[0]

    expected = torch.autograd.functional.jacobian(written, torch.tensor(np.concatenate(before)))
    same(J, expected)
    _, backward = cell.step(c.weights, c.x[:, 0], c.state)
    dstate = np.concatenate(backward(c.dstate).dstate, axis=1)[0]
    same(dstate, J.T @ np.concatenate(c.dstate, axis=1)[0])


@pytest.mark.parametrize("step", [rnn.step, lstm.step, gru.step_reset_before, gru.step_reset_after])
def test_a_step_with_its_backward_fits_on_a_slide(step: object) -> None:
    assert len(inspect.getsource(step).splitlines()) <= 60  # type: ignore[arg-type]


def test_parameter_counts_of_the_design() -> None:
    def count(D: int) -> int:
        return sum(int(np.prod(shape)) for shape in CELLS["rnn"].shapes(D, 8).values())

    assert (count(500), count(16)) == (4072, 200)


def test_initial_weights_are_bounded_seeded_and_of_the_type_asked_for() -> None:
    a = CELLS["gru"].initial_weights(5, 16, np.random.default_rng(1), np.float32)
    b = CELLS["gru"].initial_weights(5, 16, np.random.default_rng(1), np.float32)
    assert {name: W.shape for name, W in a.items()} == CELLS["gru"].shapes(5, 16)
    for name, W in a.items():
        same(W, b[name], rtol=0)
        assert W.dtype == np.float32
        assert 0.15 < np.abs(W).max() <= 0.25


def test_weights_that_do_not_fit_are_refused_by_name() -> None:
    cell = CELLS["lstm"]
    p = cell.initial_weights(3, 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"lstm has the weights W_hh, W_xh, b, but got W_xh"):
        cell.check({"W_xh": p["W_xh"]})
    with pytest.raises(ValueError, match=r"lstm: b has shape \(12,\).*need \(16,\)"):
        cell.check({**p, "b": np.zeros(12)})
    with pytest.raises(ValueError, match="must be matrices"):
        cell.check({**p, "W_hh": np.zeros(16)})
    with pytest.raises(ValueError, match="gru has the weights"):
        CELLS["gru"].check(p)
