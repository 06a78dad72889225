"""A cell over time: full and truncated BPTT, padding, chunks, summands."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnntool.cells import (
    CELLS,
    Array,
    Cell,
    State,
    finite_differences,
    largest_relative_difference,
    unroll,
)
from tests.cells.helpers import SIZES, Case, case, same
from tests.cells.written import STEPS

cells = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
sizes = pytest.mark.parametrize("size", SIZES)
ways = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def autograd(
    cell: Cell, c: Case, reverse: bool = False, chunk: int | None = None
) -> tuple[dict[str, Array], Array, State]:
    """Gradients by name, dh, and last state, of the written equation; detached at chunk borders."""
    p = {name: torch.tensor(W, requires_grad=True) for name, W in c.weights.items()}
    x = torch.tensor(c.x, requires_grad=True)
    start = tuple(torch.tensor(part, requires_grad=True) for part in c.state)
    state, T = start, c.x.shape[1]
    hs: dict[int, torch.Tensor] = {}
    for n, t in enumerate(reversed(range(T)) if reverse else range(T)):
        if chunk is not None and n and n % chunk == 0:
            state = tuple(part.detach() for part in state)
        state = STEPS[cell.name](p, x[:, t], state)
        state[0].retain_grad()
        hs[t] = state[0]
    loss = sum((hs[t] * torch.tensor(c.doutputs[:, t])).sum() for t in range(T))
    loss = loss + sum((s * torch.tensor(d)).sum() for s, d in zip(state, c.dstate, strict=True))
    loss.backward()
    gradients = {"dx": x.grad} | {f"d{name}": W.grad for name, W in p.items()}
    gradients |= {f"d{n}0": s.grad for n, s in zip(cell.states, start, strict=True)}
    dh = torch.stack([hs[t].grad for t in range(T)], dim=1)
    last = tuple(part.detach().numpy() for part in state)
    return {name: g.numpy() for name, g in gradients.items()}, dh.numpy(), last


def ours(cell: Cell, c: Case, **options: object) -> tuple[dict[str, Array], Array, State]:
    run = unroll(cell, c.weights, c.x, c.state, **options)  # type: ignore[arg-type]
    g = run.backward(c.doutputs, c.dstate)
    starts = {f"d{n}0": d for n, d in zip(cell.states, g.dstate, strict=True)}
    return {"dx": g.dx, **g.dweights, **starts}, g.dh, run.state


@cells
@sizes
@ways
def test_bptt_equals_autograd(cell: Cell, size: tuple[int, int, int, int], reverse: bool) -> None:
    c = case(cell, *size)
    gradients, dh, state = ours(cell, c, reverse=reverse)
    expected, expected_dh, expected_state = autograd(cell, c, reverse)
    assert set(gradients) == set(expected)
    for name, gradient in gradients.items():
        same(gradient, expected[name])
    same(dh, expected_dh)
    for a, b in zip(state, expected_state, strict=True):
        same(a, b)


@cells
@ways
def test_bptt_equals_finite_differences(cell: Cell, reverse: bool) -> None:
    c = case(cell, 2, 3, 3, 2, seed=1)
    lengths = [3, 2]

    def loss() -> float:
        run = unroll(cell, c.weights, c.x, c.state, lengths=lengths, reverse=reverse)
        last = sum((s * d).sum() for s, d in zip(run.state, c.dstate, strict=True))
        return float((run.outputs * c.doutputs).sum() + last)

    starts = {f"{n}0": s for n, s in zip(cell.states, c.state, strict=True)}
    numeric = finite_differences(loss, {"x": c.x, **starts, **c.weights})
    gradients, _, _ = ours(cell, c, lengths=lengths, reverse=reverse)
    assert set(gradients) == set(numeric)
    for name, gradient in gradients.items():
        assert np.abs(gradient).max() > 0
        assert largest_relative_difference(gradient, numeric[name]) < 1e-6, name


@cells
@ways
@pytest.mark.parametrize("chunk", [1, 2, 3, 6])
def test_truncated_bptt_equals_autograd_with_the_state_detached(
    cell: Cell, reverse: bool, chunk: int
) -> None:
    c = case(cell, 2, 7, 3, 4)
    gradients, dh, state = ours(cell, c, reverse=reverse, chunk=chunk)
    expected, expected_dh, expected_state = autograd(cell, c, reverse, chunk)
    for name, gradient in gradients.items():
        same(gradient, expected[name])
    same(dh, expected_dh)
    same(state[0], expected_state[0])
    full, _, _ = ours(cell, c, reverse=reverse)
    assert largest_relative_difference(gradients["dW_hh"], full["dW_hh"]) > 1e-3


@cells
@pytest.mark.parametrize("chunk", [7, 8, 100])
def test_a_chunk_as_long_as_the_sequence_is_full_bptt(cell: Cell, chunk: int) -> None:
    c = case(cell, 2, 7, 3, 4)
    truncated, _, _ = ours(cell, c, chunk=chunk)
    full, _, _ = ours(cell, c)
    for name, gradient in truncated.items():
        same(gradient, full[name], rtol=0)


@cells
def test_chunks_with_the_state_carried_equal_one_long_pass_and_one_truncated(cell: Cell) -> None:
    c = case(cell, 2, 7, 3, 4)
    whole = unroll(cell, c.weights, c.x, c.state, chunk=3)
    state, outputs, dW_hh = c.state, [], np.zeros_like(c.weights["W_hh"])
    for start in range(0, 7, 3):
        part = unroll(cell, c.weights, c.x[:, start : start + 3], state)
        last = c.dstate if start == 6 else None
        g = part.backward(c.doutputs[:, start : start + 3], last)
        state, dW_hh = part.state, dW_hh + g.dweights["dW_hh"]
        outputs.append(part.outputs)
    same(np.concatenate(outputs, axis=1), whole.outputs)
    for a, b in zip(state, whole.state, strict=True):
        same(a, b)
    same(dW_hh, whole.backward(c.doutputs, c.dstate).dweights["dW_hh"])


@cells
@ways
def test_summands_are_in_order_of_time_and_sum_to_the_gradient(cell: Cell, reverse: bool) -> None:
    c = case(cell, 2, 5, 3, 4)
    run = unroll(cell, c.weights, c.x, c.state, reverse=reverse)
    g = run.backward(c.doutputs, c.dstate, summands=True)
    assert g.summands is not None
    for name, parts in g.summands.items():
        assert parts.shape == (5, *c.weights[name[1:]].shape)
        assert (np.abs(parts).reshape(5, -1).max(axis=1) > 0).all()
        same(parts.sum(axis=0), g.dweights[name])
    # x at t = 1 only: the other steps' summands of dW_xh are exactly zero.
    x = np.zeros_like(c.x)
    x[:, 1] = c.x[:, 1]
    g = unroll(cell, c.weights, x, c.state, reverse=reverse).backward(c.doutputs, summands=True)
    assert g.summands is not None
    sizes = np.abs(g.summands["dW_xh"]).reshape(5, -1).max(axis=1)
    assert (sizes > 0).tolist() == [False, True, False, False, False]
    assert run.backward(c.doutputs).summands is None


@cells
@ways
def test_a_padded_batch_equals_each_row_alone(cell: Cell, reverse: bool) -> None:
    c, lengths = case(cell, 4, 5, 3, 4), [5, 0, 3, 1]
    run = unroll(cell, c.weights, c.x, c.state, lengths=lengths, reverse=reverse)
    g = run.backward(c.doutputs, c.dstate)
    dweights = {name: np.zeros_like(dW) for name, dW in g.dweights.items()}
    for b, n in enumerate(lengths):
        row = slice(b, b + 1)
        state = tuple(part[row] for part in c.state)
        dstate = tuple(part[row] for part in c.dstate)
        assert not run.outputs[b, n:].any()
        assert not g.dx[b, n:].any()
        assert not g.dh[b, n:].any()
        alone = unroll(cell, c.weights, c.x[row, :n], state, reverse=reverse)
        alone_g = alone.backward(c.doutputs[row, :n], dstate)
        for a, e in zip(run.state, alone.state, strict=True):
            same(a[row], e)
        for a, e in zip(g.dstate, alone_g.dstate, strict=True):
            same(a[row], e)
        if n == 0:  # nothing happened: the state and its gradient stand as given
            for a, e in zip((*run.state, *g.dstate), (*state, *dstate), strict=True):
                same(a[row], e, rtol=0)
            continue
        same(run.outputs[row, :n], alone.outputs)
        same(g.dx[row, :n], alone_g.dx)
        same(g.dh[row, :n], alone_g.dh)
        for name, dW in alone_g.dweights.items():
            dweights[name] += dW
    for name, dW in dweights.items():
        same(g.dweights[name], dW)


@cells
def test_records_are_in_order_of_time_in_both_directions(cell: Cell) -> None:
    c = case(cell, 2, 3, 3, 4)
    for reverse in (False, True):
        records: list[dict[str, Array]] = []
        run = unroll(cell, c.weights, c.x, c.state, reverse=reverse, records=records)
        same(np.stack([record["h"] for record in records], axis=1), run.outputs, rtol=0)


@cells
def test_the_state_starts_at_zero_and_float32_stays(cell: Cell) -> None:
    c = case(cell, 2, 3, 3, 4)
    p = {name: W.astype(np.float32) for name, W in c.weights.items()}
    x = c.x.astype(np.float32)
    run = unroll(cell, p, x, lengths=[3, 2])
    given = unroll(cell, p, x, cell.zero_state(2, 4, np.float32), lengths=[3, 2])
    same(run.outputs, given.outputs, rtol=0)
    g = run.backward(c.doutputs.astype(np.float32), summands=True)
    assert g.summands is not None
    everything = [run.outputs, *run.state, g.dx, *g.dstate, *g.dweights.values(), g.dh]
    everything += list(g.summands.values())
    assert {a.dtype for a in everything} == {np.dtype(np.float32)}


@cells
def test_the_backward_leaves_its_inputs_alone_and_may_run_twice(cell: Cell) -> None:
    c = case(cell, 2, 4, 3, 4)
    untouched = case(cell, 2, 4, 3, 4)
    run = unroll(cell, c.weights, c.x, c.state, lengths=[4, 2])
    first, second = (run.backward(c.doutputs, c.dstate) for _ in range(2))
    for name, dW in first.dweights.items():
        same(dW, second.dweights[name], rtol=0)
    for a, b in zip(c.state + c.dstate, untouched.state + untouched.dstate, strict=True):
        same(a, b, rtol=0)
    same(c.doutputs, untouched.doutputs, rtol=0)


@cells
def test_no_steps_at_all(cell: Cell) -> None:
    c = case(cell, 2, 0, 3, 4)
    run = unroll(cell, c.weights, c.x, c.state)
    g = run.backward(c.doutputs, c.dstate, summands=True)
    assert run.outputs.shape == (2, 0, 4)
    same(run.state[0], c.state[0], rtol=0)
    same(g.dstate[0], c.dstate[0], rtol=0)
    assert g.summands is not None
    assert g.summands["dW_xh"].shape == (0, *c.weights["W_xh"].shape)


def test_without_gradient_the_backward_says_so() -> None:
    c = case(CELLS["lstm"], 2, 3, 3, 4)
    run = unroll(CELLS["lstm"], c.weights, c.x, c.state, gradient=False)
    same(run.outputs, unroll(CELLS["lstm"], c.weights, c.x, c.state).outputs, rtol=0)
    with pytest.raises(RuntimeError, match="gradient=False"):
        run.backward(c.doutputs)


def test_what_does_not_fit_is_refused_with_its_value() -> None:
    cell = CELLS["lstm"]
    c = case(cell, 2, 3, 5, 4)
    with pytest.raises(ValueError, match=r"x must be \(B, T, 5\).*\(2, 3, 4\)"):
        unroll(cell, c.weights, c.x[:, :, :4])
    with pytest.raises(ValueError, match="chunk must be 1 or more, but is 0"):
        unroll(cell, c.weights, c.x, chunk=0)
    with pytest.raises(ValueError, match=r"initial state of lstm.*\[\(2, 4\), \(2, 4\)\]"):
        unroll(cell, c.weights, c.x, c.state[:1])
    with pytest.raises(ValueError, match=r"lengths must be \(2,\)"):
        unroll(cell, c.weights, c.x, lengths=[3])
    with pytest.raises(ValueError, match="lengths must be 0 to 3, but are 2 to 4"):
        unroll(cell, c.weights, c.x, lengths=[4, 2])
    run = unroll(cell, c.weights, c.x)
    with pytest.raises(ValueError, match="doutputs"):
        run.backward(c.doutputs[:1])
    with pytest.raises(ValueError, match="dstate"):
        run.backward(None, c.dstate[:1])
